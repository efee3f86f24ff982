/** Named pipes through which the engine writes results: any format, as it comes, with the reader's back-pressure. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';

export interface ResultPipe {
  /** For `INTO OUTFILE '<path>' APPEND`. */
  readonly path: string;
  /** What the engine writes. Once it is destroyed, what the engine still writes is thrown away. */
  readonly output: Socket;
  /** To be called when the statement has settled: `output` then ends behind the last byte, even if there was none. */
  finish(): void;
  /** Resolves when `output` is closed and the statement has settled: the pipe is free for others. */
  readonly closed: Promise<unknown>;
}

export interface ResultPipes {
  /**
   * There must be a free one: whoever calls holds a place in a lane that is no wider than there are pipes, and keeps it
   * until the statement has settled and the pipe is closed.
   */
  open(): ResultPipe;
}

/** Makes `count` pipes in an empty directory. Node cannot make pipes itself, hence `mkfifo` of the system. */
export function createResultPipes(directory: string, count: number): ResultPipes {
  const free = Array.from({ length: count }, (_, i) => `${directory}/result-${i}`);
  execFileSync('mkfifo', ['-m', '600', ...free]);
  return {
    open() {
      const path = free.pop();
      if (path === undefined) throw new Error('no free result pipe');
      const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      // Our own write end keeps the pipe open until the statement has settled, whenever the engine opens and closes its.
      let writeEnd: number | undefined = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
      const output = new Socket({ fd: readEnd, readable: true, writable: false });
      const settled = Promise.withResolvers<void>();
      output.once('close', () => {
        if (writeEnd !== undefined) throwAway(path, settled.promise);
      });
      // Free only when the engine has let go as well: it would write into the next one's answer.
      const closed = Promise.all([once(output, 'close'), settled.promise]).then(() => free.push(path));
      return {
        path,
        output,
        closed,
        finish() {
          if (writeEnd !== undefined) closeSync(writeEnd);
          writeEnd = undefined;
          settled.resolve();
        },
      };
    },
  };
}

/** A pipe that nobody reads would hold an engine thread for ever in its `open`, where no KILL reaches it. */
function throwAway(path: string, until: Promise<void>): void {
  const sink = new Socket({
    fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK),
    readable: true,
    writable: false,
  });
  sink.on('error', () => {});
  sink.resume();
  until.then(() => sink.destroy());
}
