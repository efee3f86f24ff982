/** The command line of a command for developers: read, or explained. */

/**
 * What `read` makes of the arguments. With `--help`, or where `read` throws what is wrong with them, the usage is printed instead and the
 * process ends.
 */
export function readCommandLine<Options>(usage: string, read: () => Options): Options {
  if (process.argv.includes('--help')) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return read();
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    process.exit(2);
  }
}
