/** The fields of one HTTP/2 header block that matter to the call, taken from HPACK one by one. */
import { takeField } from '../http/fields.ts';
import { type HeaderNames, header } from '../http/header-names.ts';
import type { Message } from '../message.ts';
import type { ProtocolOptions } from '../options.ts';
import { cut } from '../text.ts';
import type { FieldSink } from './hpack.ts';

/** One per connection, filled anew for every block. */
export class Head implements FieldSink {
  method = '';
  path = '';
  authority = '';
  scheme = '';
  status = -1;
  contentType = '';
  contentLength = -1;
  grpcStatus = -1;
  grpcMessage = '';
  tripleVersion = '';
  triple = false;
  tripleException = -1;
  /** Some field is not known. */
  partial = false;
  /** Takes what is neither of the pseudo-headers nor of gRPC; null for trailers. */
  message: Message | null = null;

  readonly #names: HeaderNames;
  readonly #options: ProtocolOptions;

  constructor(names: HeaderNames, options: ProtocolOptions) {
    this.#names = names;
    this.#options = options;
  }

  begin(message: Message | null): void {
    this.method = '';
    this.path = '';
    this.authority = '';
    this.scheme = '';
    this.status = -1;
    this.contentType = '';
    this.contentLength = -1;
    this.grpcStatus = -1;
    this.grpcMessage = '';
    this.tripleVersion = '';
    this.triple = false;
    this.tripleException = -1;
    this.partial = false;
    this.message = message;
  }

  unknownField(_kind: number): void {
    this.partial = true;
  }

  field(kind: number, value: string): void {
    switch (kind) {
      case header.method:
        this.method = cut(value, 64);
        return;
      case header.path:
        this.path = cut(value, this.#options.maxText);
        return;
      case header.authority:
        this.authority = cut(value, 255);
        return;
      case header.host:
        if (this.authority === '') this.authority = cut(value, 255);
        break;
      case header.scheme:
        this.scheme = cut(value, 16);
        return;
      case header.status:
        this.status = decimal(value);
        return;
      case header.contentType:
        this.contentType = value;
        break;
      case header.contentLength:
        this.contentLength = decimal(value);
        return;
      case header.grpcStatus:
        this.grpcStatus = decimal(value);
        return;
      case header.grpcMessage:
        this.grpcMessage = value;
        return;
      case header.tripleVersion:
        this.tripleVersion = cut(value, 64);
        this.triple = true;
        return;
      case header.tripleGroup:
      case header.triple:
      case header.tripleApplication:
      case header.tripleTimeout:
        this.triple = true;
        return;
      case header.tripleException:
        this.triple = true;
        this.tripleException = decimal(value);
        return;
    }
    if (this.message !== null && this.#names.uses[kind] !== 0)
      takeField(this.message, kind, value, this.#names, this.#options);
  }

  /** Which RPC the content type and Triple's own headers tell: `gRPC`, `Triple` or ''. */
  get label(): string {
    if (this.triple) return 'Triple';
    const type = this.contentType;
    if (!type.startsWith('application/grpc')) return '';
    // Not gRPC-Web, which has its status in the body.
    return type.length === 16 || type[16] === '+' || type[16] === ';' ? 'gRPC' : '';
  }
}

/** A number of at most 15 digits; -1 when it is none. */
function decimal(text: string): number {
  if (text.length === 0 || text.length > 15) return -1;
  let value = 0;
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
