/** Component and pipeline ids: `type` or `type/name`. */
import { type Signal, signals } from '../pdata/batch.ts';

export interface ComponentId {
  type: string;
  name: string;
  /** The id as it is shown: without spaces around the slash. */
  text: string;
}

/** Reads an id, or says what is wrong with it. */
export function parseId(text: string): ComponentId | { error: string } {
  const slash = text.indexOf('/');
  const type = (slash < 0 ? text : text.slice(0, slash)).trim();
  const name = slash < 0 ? '' : text.slice(slash + 1).trim();
  if (type === '') return { error: `"${text}": the part before / must not be empty` };
  if (!/^[a-zA-Z][0-9a-zA-Z_]{0,62}$/.test(type)) {
    return {
      error: `"${text}": "${type}" is not a type; a type is letters, digits and _, at most 63, and begins with a letter`,
    };
  }
  if (slash >= 0 && name === '') return { error: `"${text}": the part after / must not be empty` };
  if (name !== '' && (name.length > 1024 || !/^[^\p{Z}\p{C}\p{S}]+$/u.test(name))) {
    return {
      error: `"${text}": the name after / must have no spaces, control characters or symbols, and at most 1024 characters`,
    };
  }
  return { type, name, text: name === '' ? type : `${type}/${name}` };
}

/** The signal of a pipeline id (`traces`, `traces/2`), or undefined. */
export function signalOf(pipelineId: string): Signal | undefined {
  const type = pipelineId.split('/')[0];
  return signals.find((signal) => signal === type);
}
