/** The error of bytes that are not valid OTLP. */

/** The message says what is wrong, in which OTLP message, and at which byte. */
export class MalformedOtlp extends Error {
  override readonly name = 'MalformedOtlp';
}
