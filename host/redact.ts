/** Takes passwords, tokens and keys out of command lines before they leave the process. */
import { baseName } from './programs/program.ts';

export const redacted = '[redacted]';

/** Arguments of attributes: longer lists and arguments are cut, for they are of no use as an identity. */
const maxShown = 48;
const maxShownLength = 256;

const words =
  'pass(?:word|wd|phrase|code)?|pwd|secret[\\w.-]*|token|api[-_.]?key|access[-_.]?key|private[-_.]?key|secret[-_.]?key|credentials?|auth(?:orization)?|bearer|cookie|dsn';
/** `--db-password`, `-token`, `/p:Password`: an option whose name ends with a word for a secret. */
const secretOption = new RegExp(`^[-/+][\\w.:-]*(?:${words})$`, 'i');
/** `--password=x`, `PGPASSWORD=x`, `-Ddb.password=x`, `password: x`, inside longer texts too. */
const secretPair = new RegExp(
  `([\\w.-]*(?:${words})["']?\\s*[=:]\\s*)("[^"]*"|'[^']*'|(?:(?:Bearer|Basic) )?[^\\s,;&"']+)`,
  'gi',
);
/** `scheme://user:secret@host`, and Go's `user:secret@tcp(host)`. */
const userInfo = /((?:\/\/|^|[\s=])[^\s:@/=]*:)([^\s@/]+)@/g;
/** JSON Web Tokens, and keys that begin with the mark of who issued them. */
const tokens =
  /\b(?:eyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]+)?|(?:gh[opsu]|github_pat|glpat|xox[abprs]|sk|pk|rk)[-_][\w-]{16,}|AKIA[A-Z0-9]{16})\b/g;

/** Options of single letters that hold a secret, by program. */
const letters: Record<string, { separate?: string; attached?: RegExp }> = {
  mysql: { attached: /^-p(?=.)/ },
  mysqldump: { attached: /^-p(?=.)/ },
  mysqladmin: { attached: /^-p(?=.)/ },
  mariadb: { attached: /^-p(?=.)/ },
  'mariadb-dump': { attached: /^-p(?=.)/ },
  mongo: { separate: '-p', attached: /^-p(?=.)/ },
  mongosh: { separate: '-p', attached: /^-p(?=.)/ },
  'redis-cli': { separate: '-a' },
  'valkey-cli': { separate: '-a' },
  curl: { separate: '-u', attached: /^-u(?=.)/ },
  wget: {},
  sshpass: { separate: '-p', attached: /^-p(?=.)/ },
  ldapsearch: { separate: '-w', attached: /^-w(?=.)/ },
  sqlcmd: { separate: '-P', attached: /^-P(?=.)/ },
};

/** The arguments as they may be shown. What hides a secret in another way is still shown: it is a help, no promise. */
export function redactArguments(args: string[]): string[] {
  const letter = letters[baseName(args[0] ?? '')];
  const shown: string[] = [];
  for (let at = 0; at < args.length && shown.length < maxShown; at++) {
    const arg = args[at]!;
    const attached = letter?.attached?.exec(arg)?.[0];
    shown.push(attached === undefined ? redactText(arg) : attached + redacted);
    const isSecret = secretOption.test(arg) || arg === letter?.separate;
    if (!isSecret || at + 1 >= args.length || args[at + 1]!.startsWith('-')) continue;
    at += 1;
    shown.push(redacted);
  }
  return shown;
}

/** A text, such as an argument, without what looks like a secret in it. */
export function redactText(text: string): string {
  const hidden = text
    .slice(0, 4 * maxShownLength)
    .replace(tokens, redacted)
    .replace(userInfo, (_, before: string) => `${before}${redacted}@`)
    .replace(secretPair, (_, before: string) => before + redacted);
  return hidden.length > maxShownLength ? `${hidden.slice(0, maxShownLength - 1)}…` : hidden;
}
