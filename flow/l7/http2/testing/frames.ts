/** Frames of HTTP/2 as a peer writes them, for tests. */
import { hex, join, u8, u32 } from '../../testing/bytes.ts';
import { preface } from '../frames.ts';

export const endStream = 1;
export const endHeaders = 4;

export function frame(type: number, flags: number, stream: number, ...payload: (Buffer | string)[]): Buffer {
  const body = join(...payload);
  return join(u32(body.length * 256 + type), u8(flags), u32(stream), body);
}

/** Literals that are not added, names and values as they are. */
export function fields(list: Record<string, string>): Buffer {
  return join(...Object.entries(list).map(([name, value]) => join(u8(0, name.length), name, u8(value.length), value)));
}

export const headers = (stream: number, flags: number, list: Record<string, string>): Buffer =>
  frame(1, flags | endHeaders, stream, fields(list));
export const data = (stream: number, flags: number, ...payload: (Buffer | string)[]): Buffer =>
  frame(0, flags, stream, ...payload);
export const settings = frame(4, 0, 0, hex('0003 00000064'));
export const ack = frame(4, 1, 0);
/** What a client sends first. */
export const open = join(preface, settings);
export const get = (path: string, more: Record<string, string> = {}): Record<string, string> => ({
  ':method': 'GET',
  ':scheme': 'http',
  ':path': path,
  ':authority': 'h:81',
  ...more,
});
export const post = (path: string): Record<string, string> => ({
  ...get(path),
  ':method': 'POST',
  'content-type': 'application/grpc',
});
/** A message of gRPC. */
export const message = (text: string): Buffer => join(u8(0), u32(text.length), text);
