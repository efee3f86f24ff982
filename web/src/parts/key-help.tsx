/** The list of keys, opened by `?`. */
import { useEffect, useRef } from 'preact/hooks';
import { helpOpen } from '../state/keys.ts';

const keys: readonly [string, string][] = [
  ['/', 'search'],
  ['?', 'this list'],
  ['esc', 'close, leave a field, go back'],
  ['g then t, e, f, l, m, s, h', 'traces, services and edges, flows, logs, metrics, SQL, health'],
  ['↑ ↓, home, end', 'move in a list'],
  ['enter', 'open what is selected'],
  ['← →', 'trace: collapse, expand'],
  ['ctrl enter', 'SQL: run'],
  ['click on a value', 'show only what has it'],
  ['alt click on a value', 'leave out what has it'],
];

export function KeyHelp() {
  const dialog = useRef<HTMLDialogElement>(null);
  const isOpen = helpOpen.value;
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);
  return (
    <dialog
      ref={dialog}
      class="key-help"
      aria-label="Keys"
      onClose={() => {
        helpOpen.value = false;
      }}
    >
      <h2>Keys</h2>
      <dl>
        {keys.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <button
        type="button"
        onClick={() => {
          helpOpen.value = false;
        }}
      >
        Close
      </button>
    </dialog>
  );
}
