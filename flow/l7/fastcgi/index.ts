/** FastCGI 1.0: what web servers speak with PHP and its like. */
import { attributeKey } from '../../otlp/attribute-writer.ts';
import { describeHttp } from '../http/describe.ts';
import type { Protocol } from '../protocol.ts';
import { FastCgiParser } from './parser.ts';
import { probeFastCgi } from './probe.ts';

const keys = {
  script: attributeKey('deepflow.fastcgi.script_name'),
  appStatus: attributeKey('deepflow.fastcgi.app_status'),
  aborted: attributeKey('deepflow.fastcgi.aborted'),
  stderr: attributeKey('deepflow.fastcgi.stderr'),
};

const fastcgi: Protocol = {
  name: 'fastcgi',
  label: 'FastCGI',
  transports: ['tcp'],
  ports: [9000],
  probe: probeFastCgi,
  createParser: (session) => new FastCgiParser(session),
  describe(span, request, response) {
    describeHttp(span, request, response);
    span.protocolName = 'fastcgi';
    span.protocolVersion = '1';
    if (request !== null) {
      span.text(keys.script, request.endpoint);
      if (request.facts?.get('aborted') === true) span.bool(keys.aborted, true);
    }
    if (response === null) return;
    span.text(keys.stderr, response.error);
    const appStatus = response.facts?.get('appStatus');
    if (typeof appStatus === 'number') span.int(keys.appStatus, appStatus);
    const refused = response.textFact('protocolStatus');
    if (refused !== '') span.fail(refused, 'the application refused the request');
  },
};

export default fastcgi;
