/** The name of an attribute, which goes on in the next line after a dot or an underscore rather than within a word. */
import { Fragment } from 'preact';

export function KeyName({ name }: { name: string }) {
  const pieces = name.split(/(?<=[._])(?=.)/);
  return (
    <>
      {pieces.map((piece, at) => (
        <Fragment key={at}>
          {at > 0 && <wbr />}
          {piece}
        </Fragment>
      ))}
    </>
  );
}
