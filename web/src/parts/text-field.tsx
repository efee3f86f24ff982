/** A text field whose value lives in the URL: what is typed counts once it is left or enter is pressed. */
import { useEffect, useState } from 'preact/hooks';
import { param, setParams } from '../state/url.ts';

interface TextFieldProps {
  /** Parameter of the URL. */
  name: string;
  label: string;
  placeholder: string;
  /** `wide` takes the room that is left, `mono` is for ids, `short` for numbers. */
  look?: 'wide' | 'mono' | 'short';
  /** What may be meant. */
  options?: readonly string[];
  /** The text to keep, or undefined when it means nothing; `wrong` then says what to write. */
  read?: (text: string) => string | undefined;
  wrong?: string;
}

export function TextField({ name, label, placeholder, look, options, read, wrong }: TextFieldProps) {
  const kept = param(name);
  // A draft of its own: the page is drawn anew when data arrives, also while somebody types.
  const [draft, setDraft] = useState(kept);
  useEffect(() => setDraft(kept), [kept]);
  const commit = (field: HTMLInputElement) => {
    const text = field.value.trim();
    const value = text === '' || read === undefined ? text : read(text);
    field.setCustomValidity(value === undefined ? (wrong ?? 'This means nothing') : '');
    if (value === undefined) field.reportValidity();
    else setParams({ [name]: value });
  };
  return (
    <label class={look === 'wide' ? 'wide' : ''}>
      {label}
      <input
        class={look ?? ''}
        list={options === undefined ? undefined : `${name}-options`}
        value={draft}
        placeholder={placeholder}
        onInput={(event) => {
          event.currentTarget.setCustomValidity('');
          setDraft(event.currentTarget.value);
        }}
        onChange={(event) => commit(event.currentTarget)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') commit(event.currentTarget);
        }}
      />
      {options !== undefined && (
        <datalist id={`${name}-options`}>
          {options.map((option) => (
            <option key={option} value={option} />
          ))}
        </datalist>
      )}
    </label>
  );
}
