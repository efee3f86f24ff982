/** Commands of the MySQL and MariaDB protocol, and what kind of answer each gets. */

/**
 * `result`: a result set or OK; `ok`: OK, EOF or ERR; `prepare`; `fields`: definitions up to EOF; `rows`: rows up to EOF; `text`: one packet of text;
 * `auth`: an exchange that ends with OK or ERR; `stream`: never ends; `none`: no answer.
 */
export type Answer = 'result' | 'ok' | 'prepare' | 'fields' | 'rows' | 'text' | 'auth' | 'stream' | 'none';

export interface Command {
  readonly name: string;
  readonly answer: Answer;
}

export const commandCodes = {
  quit: 0x01,
  initDb: 0x02,
  query: 0x03,
  changeUser: 0x11,
  prepare: 0x16,
  execute: 0x17,
  sendLongData: 0x18,
  closeStatement: 0x19,
  resetStatement: 0x1a,
  fetch: 0x1c,
  bulkExecute: 0xfa,
} as const;

const list: [code: number, name: string, answer: Answer][] = [
  [0x00, 'COM_SLEEP', 'ok'],
  [0x01, 'COM_QUIT', 'none'],
  [0x02, 'COM_INIT_DB', 'ok'],
  [0x03, 'COM_QUERY', 'result'],
  [0x04, 'COM_FIELD_LIST', 'fields'],
  [0x05, 'COM_CREATE_DB', 'ok'],
  [0x06, 'COM_DROP_DB', 'ok'],
  [0x07, 'COM_REFRESH', 'ok'],
  [0x08, 'COM_SHUTDOWN', 'ok'],
  [0x09, 'COM_STATISTICS', 'text'],
  [0x0a, 'COM_PROCESS_INFO', 'result'],
  [0x0b, 'COM_CONNECT', 'ok'],
  [0x0c, 'COM_PROCESS_KILL', 'ok'],
  [0x0d, 'COM_DEBUG', 'ok'],
  [0x0e, 'COM_PING', 'ok'],
  [0x0f, 'COM_TIME', 'ok'],
  [0x10, 'COM_DELAYED_INSERT', 'ok'],
  [0x11, 'COM_CHANGE_USER', 'auth'],
  [0x12, 'COM_BINLOG_DUMP', 'stream'],
  [0x13, 'COM_TABLE_DUMP', 'stream'],
  [0x14, 'COM_CONNECT_OUT', 'ok'],
  [0x15, 'COM_REGISTER_SLAVE', 'ok'],
  [0x16, 'COM_STMT_PREPARE', 'prepare'],
  [0x17, 'COM_STMT_EXECUTE', 'result'],
  [0x18, 'COM_STMT_SEND_LONG_DATA', 'none'],
  [0x19, 'COM_STMT_CLOSE', 'none'],
  [0x1a, 'COM_STMT_RESET', 'ok'],
  [0x1b, 'COM_SET_OPTION', 'ok'],
  [0x1c, 'COM_STMT_FETCH', 'rows'],
  [0x1d, 'COM_DAEMON', 'ok'],
  [0x1e, 'COM_BINLOG_DUMP_GTID', 'stream'],
  [0x1f, 'COM_RESET_CONNECTION', 'ok'],
  [0x20, 'COM_CLONE', 'stream'],
  [0x21, 'COM_SUBSCRIBE_GROUP_REPLICATION_STREAM', 'stream'],
  [0xfa, 'COM_STMT_BULK_EXECUTE', 'result'],
];

const byCode: (Command | undefined)[] = new Array(256).fill(undefined);
for (const [code, name, answer] of list) byCode[code] = { name, answer };

export function commandOf(code: number): Command | undefined {
  return byCode[code];
}

/** What is expected when the command was not seen. */
export const unseen: Command = { name: '', answer: 'result' };
/** The client's answer to the greeting. */
export const login: Command = { name: 'LOGIN', answer: 'auth' };
