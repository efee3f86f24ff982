/** Names of PHP, Ruby, .NET, Perl, Erlang and shell programs. */
import {
  baseName,
  type Language,
  type Naming,
  nameOfFolder,
  nameOfScript,
  type Program,
  withoutVersion,
} from './program.ts';

export const php: Language = {
  language: 'PHP',
  runtime: 'cli',
  runs: (executable) => /^(php|php-cgi)$/.test(withoutVersion(executable)),
  nameOf: (program) => fromScript(program, /\.php$/, 'php script', new Set(['-d', '-c', '-t', '-S', '-z'])),
};

export const phpFpm: Language = {
  language: 'PHP',
  runtime: 'fpm-fcgi',
  runs: (executable) => withoutVersion(executable) === 'php-fpm',
  /** Workers have the title `php-fpm: pool shop`; the pool that the distribution sets up is `www`. */
  nameOf({ facts }) {
    const pool = /^php-fpm: pool (\S+)/.exec(facts.args[0] ?? '')?.[1];
    return pool === undefined || pool === 'www'
      ? { name: 'php-fpm', source: 'executable' }
      : { name: pool, source: 'php-fpm pool' };
  },
};

export const ruby: Language = {
  language: 'Ruby',
  runtime: 'ruby',
  runs: (executable) => withoutVersion(executable) === 'ruby',
  nameOf(program) {
    // `puma 6.4.0 (tcp://0.0.0.0:3000) [shop]`, `puma: cluster worker 0: 17 [shop]`, `sidekiq 7.1.0 shop [0 of 5 busy]`
    const title = program.facts.args[0] ?? '';
    const tagged = /^puma[: ].*\[([^\]]+)\]/.exec(title)?.[1] ?? /^sidekiq [\d.]+ (\S+) \[/.exec(title)?.[1];
    if (tagged !== undefined) return { name: tagged, source: `title of ${/^\w+/.exec(title)![0]}` };
    const found = fromScript(program, /\.rb$/, 'ruby script', new Set(['-I', '-r', '-C']));
    const servers = /^(puma|unicorn|unicorn_rails|rackup|thin|falcon|sidekiq|resque|bundle)$/;
    if (found === undefined || !servers.test(found.name)) return found;
    const folder = nameOfFolder(program.resolve('.'));
    return folder === undefined ? found : { name: folder, source: `${found.name} in this folder` };
  },
};

export const dotnet: Language = {
  language: '.NET',
  runtime: '.NET',
  runs: (executable) => executable === 'dotnet',
  /** `dotnet Shop.Api.dll`, `dotnet exec --runtimeconfig X Shop.Api.dll` */
  nameOf({ facts }) {
    const library = facts.args.slice(1).find((arg) => /\.(dll|exe)$/i.test(arg));
    return library === undefined
      ? undefined
      : { name: baseName(library).replace(/\.(dll|exe)$/i, ''), source: '.NET assembly' };
  },
};

export const perl: Language = {
  language: 'Perl',
  runtime: 'perl',
  runs: (executable) => withoutVersion(executable) === 'perl',
  nameOf: (program) => fromScript(program, /\.p[lm]$/, 'perl script', new Set(['-I'])),
};

export const erlang: Language = {
  language: 'Erlang',
  runtime: 'BEAM',
  runs: (executable) => executable === 'beam.smp' || executable === 'beam',
  /** `-sname rabbit@host`, `-name shop@10.0.0.1`, or the first module that is started. */
  nameOf({ facts: { args } }) {
    const after = (flag: string) => (args.includes(flag) ? args[args.indexOf(flag) + 1] : undefined);
    const node = (after('-sname') ?? after('-name') ?? after('-s'))?.replace(/@.*$/, '');
    if (node === undefined || node === '') return undefined;
    return node === 'rabbit' ? { name: 'rabbitmq', source: 'Erlang node' } : { name: node, source: 'Erlang node' };
  },
};

export const shell: Language = {
  language: 'shell',
  runtime: '',
  runs: (executable) => /^(sh|bash|dash|ash|zsh|ksh)$/.test(executable),
  nameOf: (program) => fromScript(program, /\.(ba|z|k)?sh$/, 'shell script', new Set(['-o', '-O', '+o', '+O'])),
};

/** The first argument that is no option; none where code is given on the command line. */
function fromScript(program: Program, extension: RegExp, source: string, withValue: Set<string>): Naming | undefined {
  const { args } = program.facts;
  for (let at = 1; at < args.length; at++) {
    const arg = args[at]!;
    if (/^-(e|c|r|i|lc|ic)$/.test(arg) && !withValue.has(arg)) return undefined;
    if (withValue.has(arg)) at += 1;
    else if (arg.startsWith('/dev/') || arg.startsWith('/proc/')) return undefined;
    else if (!/^[-+]/.test(arg)) return { name: nameOfScript(program.resolve(arg), extension), source };
  }
  return undefined;
}
