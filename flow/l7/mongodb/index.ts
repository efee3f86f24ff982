/** MongoDB and what speaks like it (DocumentDB, FerretDB): OP_MSG, compressed and legacy messages, as MongoDB's wire protocol specification has them. */
import { attributeKey } from '../../otlp/attribute-writer.ts';
import type { SpanWriter } from '../../otlp/span-writer.ts';
import { database } from '../database-attributes.ts';
import type { Input } from '../input.ts';
import type { Message } from '../message.ts';
import type { Protocol, Verdict } from '../protocol.ts';
import { MongodbParser } from './parser.ts';
import { headerBytes, longestMessage, opcodeName, opcodes } from './wire.ts';

const opcode = attributeKey('deepflow.mongodb.opcode');
const codeName = attributeKey('deepflow.mongodb.code_name');
const compressor = attributeKey('deepflow.mongodb.compressor');

/** Commands whose first value is a collection; of others it may be anything. */
const onCollections = new Set(
  'find insert update delete aggregate count distinct findAndModify findandmodify getMore create drop createIndexes dropIndexes listIndexes mapReduce collStats validate compact collMod killCursors'.split(
    ' ',
  ),
);

function probe({ bytes, start, end, side }: Input): Verdict {
  if (end - start < headerBytes + 5)
    return end - start >= 4 && bytes.readUInt32LE(start) > longestMessage ? 'no' : 'more';
  const length = bytes.readUInt32LE(start);
  const code = bytes.readInt32LE(start + 12);
  const responseTo = bytes.readInt32LE(start + 8);
  if (length < headerBytes + 4 || length > longestMessage || opcodeName(code) === '') return 'no';
  if (code === opcodes.reply || code === opcodes.commandReply) return length >= 36 ? 'server' : 'no';
  if (code === opcodes.message) {
    const flags = bytes.readUInt32LE(start + headerBytes);
    if ((flags & ~0x10003) !== 0 || bytes[start + headerBytes + 4]! > 1) return 'no';
  } else if (code === opcodes.compressed) {
    const original = opcodeName(bytes.readInt32LE(start + headerBytes));
    if (original === '' || original === 'OP_COMPRESSED') return 'no';
  } else return (bytes.readInt32LE(start + headerBytes) & ~0xff) === 0 ? 'client' : 'no';
  // A request with the id 0 is answered with 0.
  return responseTo !== 0 ? 'server' : side === 0 ? 'client' : 'either';
}

function describe(span: SpanWriter, request: Message | null, response: Message | null): void {
  span.protocolName = 'mongodb';
  span.text(database.systemName, 'mongodb');
  const command = request?.textFact('command') ?? '';
  const collection = request?.textFact('commandTarget') ?? '';
  const onCollection = collection !== '' && onCollections.has(command);
  span.name = (onCollection ? request!.endpoint : command) || request?.method || 'mongodb';
  span.text(database.namespace, request?.textFact('db') ?? '');
  span.text(database.operationName, command);
  if (onCollection) span.text(database.collectionName, collection);
  span.text(opcode, (request ?? response!).method);
  span.text(compressor, (request ?? response!).textFact('compressor'));
  if (response === null || response.status === 'ok') return;
  const code = String(response.statusCode);
  span.text(database.statusCode, code);
  span.text(codeName, response.textFact('codeName'));
  span.fail(code, response.error);
}

const mongodb: Protocol = {
  name: 'mongodb',
  label: 'MongoDB',
  transports: ['tcp'],
  ports: [27017, 27018, 27019],
  probe,
  createParser: (session) => new MongodbParser(session),
  describe,
};

export default mongodb;
