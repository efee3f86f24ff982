/** MySQL, MariaDB and what speaks like them: the client/server protocol 4.1, as MySQL's internals manual and MariaDB's documentation have it. */
import type { Protocol } from '../protocol.ts';
import { describeMysql } from './describe.ts';
import { MysqlParser } from './parser.ts';
import { probeMysql } from './probe.ts';

const mysql: Protocol = {
  name: 'mysql',
  label: 'MySQL',
  transports: ['tcp'],
  ports: [3306, 3307, 4000, 6033],
  probe: probeMysql,
  createParser: (session) => new MysqlParser(session),
  describe: describeMysql,
};

export default mysql;
