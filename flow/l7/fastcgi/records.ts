/**
 * The records of FastCGI 1.0 (specification §3.3, §5).
 *
 *   version = 1 (1)  type (1)  request id (2)  content length (2)  padding length (1)  reserved (1)  content  padding
 *
 *   BEGIN_REQUEST  role (2)  flags (1)  reserved (5)
 *   PARAMS         *( name length (1 or 4)  value length (1 or 4)  name  value ), over any number of records; an empty one ends them
 *   STDOUT         a CGI answer: fields, an empty line, the body; an empty record ends it
 *   END_REQUEST    application's status (4)  protocol status (1)  reserved (3)
 */

export const recordHead = 8;

export const recordTypes = {
  beginRequest: 1,
  abortRequest: 2,
  endRequest: 3,
  params: 4,
  stdin: 5,
  stdout: 6,
  stderr: 7,
  data: 8,
  getValues: 9,
  getValuesResult: 10,
  unknownType: 11,
} as const;

/** Whether the eight bytes at `at` can be the head of a record. */
export function isRecordHead(bytes: Buffer, at: number): boolean {
  if (bytes[at] !== 1 || bytes[at + 7] !== 0) return false;
  const id = bytes.readUInt16BE(at + 2);
  const length = bytes.readUInt16BE(at + 4);
  switch (bytes[at + 1]) {
    case recordTypes.beginRequest:
    case recordTypes.endRequest:
      return id !== 0 && length === 8;
    case recordTypes.abortRequest:
      return id !== 0 && length === 0;
    case recordTypes.params:
    case recordTypes.stdin:
    case recordTypes.stdout:
    case recordTypes.stderr:
    case recordTypes.data:
      return id !== 0;
    case recordTypes.getValues:
    case recordTypes.getValuesResult:
      return id === 0;
    case recordTypes.unknownType:
      return id === 0 && length === 8;
    default:
      return false;
  }
}

/** Bytes of the record at `at`, its head and padding included. */
export function recordSize(bytes: Buffer, at: number): number {
  return recordHead + bytes.readUInt16BE(at + 4) + bytes[at + 6]!;
}
