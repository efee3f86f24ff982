/** Where the debug exporter prints: stdout, stderr and files. */
import { closeSync, openSync } from 'node:fs';
import { OperatorError } from '../../component/errors.ts';

export interface Output {
  open(): void;
  write(text: string): void;
  close(): void;
}

export function createOutput(paths: readonly string[], writeSync: (file: number, text: string) => unknown): Output {
  const files: number[] = [];
  const opened: number[] = [];
  return {
    open() {
      for (const path of paths) {
        if (path === 'stdout') files.push(1);
        else if (path === 'stderr') files.push(2);
        else {
          opened.push(openFile(path));
          files.push(opened.at(-1)!);
        }
      }
    },
    write(text) {
      for (const file of files) writeSync(file, text);
    },
    close() {
      for (const file of opened.splice(0)) closeSync(file);
      files.length = 0;
    },
  };
}

function openFile(path: string): number {
  try {
    return openSync(path, 'a');
  } catch (cause) {
    const message = `output_paths: ${path} cannot be written (${(cause as NodeJS.ErrnoException).code}); choose another path`;
    throw new OperatorError('PERMISSION_DENIED', message, { cause });
  }
}
