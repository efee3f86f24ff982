/** HTTP/2 error codes (RFC 9113 §7) and the error that ends a connection. */

export const http2Errors = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  INTERNAL_ERROR: 2,
  FLOW_CONTROL_ERROR: 3,
  SETTINGS_TIMEOUT: 4,
  STREAM_CLOSED: 5,
  FRAME_SIZE_ERROR: 6,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  COMPRESSION_ERROR: 9,
  ENHANCE_YOUR_CALM: 11,
} as const;

export type Http2ErrorCode = (typeof http2Errors)[keyof typeof http2Errors];

/** The peer broke the protocol in a way that ends the whole connection; the message goes into GOAWAY. */
export class Http2Error extends Error {
  override readonly name = 'Http2Error';
  readonly code: Http2ErrorCode;

  constructor(code: Http2ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
