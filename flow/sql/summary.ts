/**
 * The summary of a statement as the database conventions define it: its operations and their targets, in order, as they are written:
 * `INSERT shipping_details SELECT orders`.
 */
import { type Token, tokens } from './scanner.ts';

const longestSummary = 255;
const maxDepth = 64;
const maxNames = 16;

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

/** What a statement may begin with. */
const operations = words(
  'SELECT INSERT UPDATE DELETE REPLACE MERGE UPSERT CREATE ALTER DROP TRUNCATE RENAME CALL EXEC EXECUTE DO SHOW DESCRIBE DESC EXPLAIN ' +
    'SET RESET USE BEGIN START COMMIT END ROLLBACK ABORT SAVEPOINT RELEASE LOCK UNLOCK GRANT REVOKE ANALYZE ANALYSE VACUUM CLUSTER ' +
    'REINDEX REFRESH COMMENT COPY LOAD IMPORT HANDLER PREPARE DEALLOCATE DECLARE FETCH MOVE CLOSE LISTEN UNLISTEN NOTIFY DISCARD ' +
    'CHECKPOINT KILL FLUSH OPTIMIZE CHECK CHECKSUM REPAIR XA VALUES TABLE INSTALL UNINSTALL PURGE CHANGE STOP BINLOG HELP SIGNAL',
);
/** Operations whose target is the next name. */
const direct = words(
  'UPDATE INSERT REPLACE CALL EXEC EXECUTE TRUNCATE DESCRIBE DESC USE COPY VACUUM ANALYZE TABLE LOCK REFRESH HANDLER UPSERT REINDEX CLUSTER',
);
/** Operations on kinds of things: `CREATE TABLE`. */
const definitions = words(
  'CREATE ALTER DROP RENAME TRUNCATE LOCK OPTIMIZE CHECK REPAIR ANALYZE CHECKSUM REINDEX REFRESH COMMENT',
);
const things = words(
  'TABLE TABLES VIEW INDEX DATABASE SCHEMA SEQUENCE FUNCTION PROCEDURE TRIGGER TYPE ROLE USER EXTENSION EVENT DOMAIN TABLESPACE',
);
/** Words between an operation and its target. */
const between = words(
  'INTO FROM ONLY IGNORE LOW_PRIORITY HIGH_PRIORITY DELAYED QUICK OVERWRITE TABLE TABLES IF NOT EXISTS TEMPORARY TEMP UNLOGGED UNIQUE ' +
    'OR REPLACE ANALYZE FREEZE CONCURRENTLY MATERIALIZED LATERAL VERBOSE FULL RECURSIVE GLOBAL LOCAL FOREIGN',
);
/** Words after which a comma does not lead to another table. */
const endsFrom = words(
  'WHERE GROUP ORDER HAVING LIMIT UNION EXCEPT INTERSECT WINDOW FETCH OFFSET FOR RETURNING SET VALUES SELECT PROCEDURE',
);

/** All words that are looked at, so that the others need no second look. */
export const keywords: ReadonlySet<string> = new Set([
  ...operations,
  ...things,
  ...between,
  ...endsFrom,
  'WITH',
  'AS',
  'JOIN',
  'DISTINCT',
  'IN',
  'ON',
  'STRAIGHT_JOIN',
]);

/** What is known of one level of parentheses. */
interface Level {
  /** An operation began at this level: FROM names its tables. */
  operation: string;
  from: boolean;
}

export class Summary {
  operation = '';
  /** First target, without quotes. */
  collection = '';
  #out = '';
  #full = false;
  readonly #levels: Level[] = Array.from({ length: maxDepth }, () => ({ operation: '', from: false }));
  #depth = 0;
  /** A statement may begin here; a target is expected. */
  #begins = true;
  #expects = false;
  /** The target being read, and whether a dot came last. */
  #target = '';
  #plainTarget = '';
  #dotted = false;
  /** After WITH: names of common table expressions, which are no targets. */
  #with = false;
  readonly #names: string[] = [];
  #defining = false;
  #before = '';

  reset(): void {
    this.operation = '';
    this.collection = '';
    this.#out = '';
    this.#full = false;
    this.#depth = 0;
    this.#levels[0]!.operation = '';
    this.#levels[0]!.from = false;
    this.#begins = true;
    this.#expects = false;
    this.#target = '';
    this.#plainTarget = '';
    this.#dotted = false;
    this.#with = false;
    this.#names.length = 0;
    this.#defining = false;
    this.#before = '';
  }

  /** `upper` is the keyword in upper case, '' when the token is none. */
  add(token: Token, text: string, upper: string): void {
    if (this.#target !== '' && this.#continues(token, text)) return;
    switch (token) {
      case tokens.word:
        if (upper === '' || !this.#keyword(text, upper)) this.#name(text, text);
        this.#before = upper;
        return;
      case tokens.quoted:
        this.#name(text, text.slice(1, -1));
        this.#before = '';
        return;
      case tokens.symbol:
        this.#symbol(text);
        return;
      default:
        this.#expects = false;
        this.#begins = false;
    }
  }

  finish(): string {
    this.#endTarget();
    return this.#out;
  }

  /** The name goes on after a dot. */
  #continues(token: Token, text: string): boolean {
    if (text === '.' && token === tokens.symbol) {
      this.#target += '.';
      this.#plainTarget += '.';
      this.#dotted = true;
      return true;
    }
    if (this.#dotted && (token === tokens.word || token === tokens.quoted)) {
      this.#target += text;
      this.#plainTarget += token === tokens.quoted ? text.slice(1, -1) : text;
      this.#dotted = false;
      return true;
    }
    this.#endTarget();
    return false;
  }

  #endTarget(): void {
    const target = this.#target;
    if (target === '') return;
    this.#target = '';
    this.#dotted = false;
    if (this.#names.includes(this.#plainTarget)) return;
    if (this.collection === '') this.collection = this.#plainTarget;
    this.#append(target);
  }

  #append(text: string): void {
    if (this.#full) return;
    const next = this.#out === '' ? text : `${this.#out} ${text}`;
    if (next.length > longestSummary) this.#full = true;
    else this.#out = next;
  }

  #name(text: string, unquoted: string): void {
    if (this.#with) {
      this.#with = false;
      if (this.#names.length < maxNames) this.#names.push(unquoted);
      return;
    }
    this.#begins = false;
    if (!this.#expects) return;
    this.#expects = false;
    this.#target = text;
    this.#plainTarget = unquoted;
  }

  /** False when the word is a name here. */
  #keyword(text: string, upper: string): boolean {
    const level = this.#levels[this.#depth]!;
    if (upper === 'WITH' && this.#begins) {
      this.#with = true;
      return true;
    }
    if (this.#with) return upper === 'RECURSIVE';
    if (upper === 'SELECT' || (this.#begins && operations.has(upper))) {
      this.#operation(level, text, upper);
      return true;
    }
    if (this.#defining && things.has(upper)) {
      this.#append(text);
      this.#defining = false;
      this.#expects = true;
      return true;
    }
    if (upper === 'JOIN' || upper === 'STRAIGHT_JOIN') {
      this.#expects = level.from;
      return true;
    }
    if (upper === 'FROM' && level.operation !== '' && this.#before !== 'DISTINCT') {
      level.from = true;
      this.#expects = level.operation !== 'COPY';
      return true;
    }
    if (upper === 'INTO' && level.operation !== '') {
      this.#expects = true;
      return true;
    }
    if (endsFrom.has(upper)) {
      level.from = false;
      this.#expects = false;
      return true;
    }
    if (this.#expects || this.#defining) return between.has(upper);
    return upper !== 'IN';
  }

  #operation(level: Level, text: string, upper: string): void {
    this.#endTarget();
    if (this.operation === '') this.operation = upper;
    this.#append(text);
    level.operation = upper;
    level.from = false;
    this.#expects = direct.has(upper);
    this.#defining = definitions.has(upper);
    // EXPLAIN and its like are followed by a statement.
    this.#begins =
      upper === 'EXPLAIN' || upper === 'DESCRIBE' || upper === 'DESC' || upper === 'ANALYZE' || upper === 'DECLARE';
  }

  #symbol(text: string): void {
    switch (text) {
      case '(':
        if (this.#depth < maxDepth - 1) this.#depth++;
        this.#levels[this.#depth]!.operation = '';
        this.#levels[this.#depth]!.from = false;
        this.#begins = true;
        this.#expects = false;
        return;
      case ')':
        if (this.#depth > 0) this.#depth--;
        // After the last common table expression comes the statement itself.
        this.#begins = this.#depth === 0 && this.#levels[0]!.operation === '';
        this.#expects = false;
        return;
      case ',':
        this.#with = this.#depth === 0 && this.#names.length > 0 && this.#levels[0]!.operation === '';
        this.#expects = this.#levels[this.#depth]!.from;
        return;
      case ';':
        this.#depth = 0;
        this.#levels[0]!.operation = '';
        this.#levels[0]!.from = false;
        this.#begins = true;
        this.#expects = false;
        return;
      default:
        this.#expects = false;
    }
  }
}
