/** Names of Python programs: from the application that a server is given, the module, or the script. */
import {
  baseName,
  type Language,
  type Naming,
  nameOfFolder,
  nameOfScript,
  type Program,
  withoutVersion,
} from './program.ts';

export const python: Language = {
  language: 'Python',
  runtime: 'cpython',
  runs: (executable) => /^(python|pypy)$/.test(withoutVersion(executable)),
  nameOf,
  versionOf: () => undefined,
};

/** Programs that run an application which is named on their command line. */
const servers =
  /^(gunicorn|uvicorn|hypercorn|daphne|waitress-serve|granian|uwsgi|mod_wsgi-express|celery|flask|fastapi|django-admin|dramatiq|rq|streamlit)$/;

/** Options of the interpreter whose value is the next argument. */
const withValue = new Set(['-W', '-X', '--check-hash-based-pycs']);

function nameOf(program: Program): Naming | undefined {
  const { args } = program.facts;
  for (let at = 1; at < args.length; at++) {
    const arg = args[at]!;
    if (arg === '-c') return undefined;
    if (arg === '-m' || (arg.startsWith('-m') && !arg.startsWith('--'))) {
      const module = arg === '-m' ? args[++at] : arg.slice(2);
      return module === undefined ? undefined : ofProgram(program, module, at + 1, 'python -m');
    }
    if (withValue.has(arg)) at += 1;
    else if (!arg.startsWith('-')) return ofProgram(program, arg, at + 1, 'python script');
  }
  return fromTitle(program);
}

function ofProgram(program: Program, script: string, next: number, source: string): Naming | undefined {
  const isModule = source === 'python -m';
  const name = isModule ? script : baseName(script).replace(/\.pyw?$/, '');
  if (servers.test(name)) return ofServer(program, name, next);
  if (isModule) return { name: script.replace(/\.__main__$/, ''), source };
  return { name: nameOfScript(program.resolve(script), /\.pyw?$/), source };
}

/** `gunicorn -b 0.0.0.0:80 shop.wsgi:application`, `celery -A shop worker`, `flask --app shop run`. */
function ofServer(program: Program, server: string, next: number): Naming {
  const { args } = program.facts;
  const { environment } = program;
  let application: string | undefined;
  for (let at = next; at < args.length && application === undefined; at++) {
    const arg = args[at]!;
    const flagged = /^(?:-A|--app|--module|--settings)(?:=(.+))?$/.exec(arg);
    if (flagged !== null) application = flagged[1] ?? args[at + 1];
    else if (/^[A-Za-z_][\w.]*:[A-Za-z_]\w*(\(.*\))?$/.test(arg)) application = arg;
  }
  // Without a colon an application looks like the value of an option; only a last one is no value.
  const last = args.at(-1);
  if (application === undefined && args.length > next && /^[A-Za-z_]\w*\.[\w.]*$/.test(last!)) application = last;
  if (server !== 'celery') application ??= environment.FLASK_APP;
  application ??= environment.DJANGO_SETTINGS_MODULE;
  return named(program, application, server);
}

/** `shop.wsgi:application` is shop; `main:app` says as little as `main.py`. */
function named(program: Program, application: string | undefined, server: string): Naming {
  const path = (application ?? '').replace(/:.*$/, '').replace(/\.py$/, '');
  const first = path.includes('/') ? path : (path.split('.').find((part) => part !== '') ?? '');
  if (first === '') return { name: nameOfFolder(program.resolve('.')) ?? server, source: `${server} in this folder` };
  return { name: nameOfScript(program.resolve(first), /\.pyw?$/), source: `${server} application` };
}

/** setproctitle: `gunicorn: worker [shop]`, `celeryd: …`. */
function fromTitle(program: Program): Naming | undefined {
  const title = /^gunicorn: \w+ \[([^\]]+)\]/.exec(program.facts.args[0] ?? '')?.[1];
  return title === undefined ? undefined : named(program, title, 'gunicorn');
}
