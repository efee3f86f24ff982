/** Classes and methods of AMQP 0-9-1 with their arguments (AMQP 0-9-1 XML, and RabbitMQ's extensions). */
import type { Side } from '../message.ts';

/**
 * Arguments: o octet, h short, l long, L long long, s short string, S long string, t table, b bits of one octet. A name behind a colon
 * is one that is kept: `s:exchange`. `nowait=2` says which bit of the octet means that no answer is wanted.
 */
export interface Method {
  readonly name: string;
  readonly classId: number;
  readonly methodId: number;
  readonly args: readonly Argument[];
  /** Who may send it; null: both. */
  readonly side: Side | null;
  /** Methods that answer it; empty: nothing does. */
  readonly answers: readonly number[];
  /** What it answers: the method of the same class; 0 nothing. */
  readonly answersTo: number;
  /** Content header and body follow. */
  readonly content: boolean;
}

export interface Argument {
  readonly type: string;
  readonly name: string;
  readonly nowaitBit: number;
}

/** Of a class: id, methods as `id name side arguments`; `c`, `s` or `*`; `> ids` for what answers; `+` when content follows. */
const classes: Readonly<Record<string, readonly [number, string]>> = {
  Connection: [
    10,
    `10 Start s oot:serverProperties > 11
     11 StartOk c t:clientProperties s:mechanism
     20 Secure s > 21
     21 SecureOk c
     30 Tune s h l h > 31
     31 TuneOk c h l h
     40 Open c s:vhost > 41
     41 OpenOk s
     50 Close * h:code s:text h:failedClass h:failedMethod > 51
     51 CloseOk *
     60 Blocked s s:text
     61 Unblocked s
     70 UpdateSecret c > 71
     71 UpdateSecretOk s`,
  ],
  Channel: [
    20,
    `10 Open c > 11
     11 OpenOk s
     20 Flow * > 21
     21 FlowOk *
     40 Close * h:code s:text h:failedClass h:failedMethod > 41
     41 CloseOk *`,
  ],
  Access: [30, '10 Request c > 11\n11 RequestOk s'],
  Exchange: [
    40,
    `10 Declare c h s:exchange s b:nowait=4 > 11
     11 DeclareOk s
     20 Delete c h s:exchange b:nowait=1 > 21
     21 DeleteOk s
     30 Bind c h s:destination s:exchange s:routingKey b:nowait=0 > 31
     31 BindOk s
     40 Unbind c h s:destination s:exchange s:routingKey b:nowait=0 > 51
     51 UnbindOk s`,
  ],
  Queue: [
    50,
    `10 Declare c h s:queue b:nowait=4 > 11
     11 DeclareOk s s:queue l:messageCount l:consumerCount
     20 Bind c h s:queue s:exchange s:routingKey b:nowait=0 > 21
     21 BindOk s
     30 Purge c h s:queue b:nowait=0 > 31
     31 PurgeOk s l:messageCount
     40 Delete c h s:queue b:nowait=2 > 41
     41 DeleteOk s l:messageCount
     50 Unbind c h s:queue s:exchange s:routingKey > 51
     51 UnbindOk s`,
  ],
  Basic: [
    60,
    `10 Qos c l h:prefetchCount > 11
     11 QosOk s
     20 Consume c h s:queue s:consumerTag b:nowait=3 > 21
     21 ConsumeOk s s:consumerTag
     30 Cancel * s:consumerTag b:nowait=0 > 31
     31 CancelOk * s:consumerTag
     40 Publish c h s:exchange s:routingKey +
     50 Return s h:code s:text s:exchange s:routingKey +
     60 Deliver s s:consumerTag L:deliveryTag b:redelivered s:exchange s:routingKey +
     70 Get c h s:queue > 71 72
     71 GetOk s L:deliveryTag b:redelivered s:exchange s:routingKey l:messageCount +
     72 GetEmpty s
     80 Ack * L:deliveryTag b:multiple
     90 Reject c L:deliveryTag
     100 RecoverAsync c
     110 Recover c > 111
     111 RecoverOk s
     120 Nack * L:deliveryTag b:multiple`,
  ],
  Confirm: [85, '10 Select c b:nowait=0 > 11\n11 SelectOk s'],
  Tx: [
    90,
    `10 Select c > 11
     11 SelectOk s
     20 Commit c > 21
     21 CommitOk s
     30 Rollback c > 31
     31 RollbackOk s`,
  ],
};

const sides: Readonly<Record<string, Side | null>> = { c: 0, s: 1, '*': null };

function parseClass(className: string, classId: number, text: string): Method[] {
  const parsed = text.split('\n').map((line) => {
    const [before, answers = ''] = line.trim().split(' > ') as [string, string?];
    const [id, name, side, ...words] = before.split(' ') as [string, string, string, ...string[]];
    return {
      name: `${className}.${name}`,
      classId,
      methodId: Number(id),
      side: sides[side]!,
      content: words.includes('+'),
      args: words.filter((word) => word !== '+').flatMap(parseArgument),
      answers: answers === '' ? [] : answers.split(' ').map(Number),
    };
  });
  return parsed.map((method) => ({
    ...method,
    answersTo: parsed.find(({ answers }) => answers.includes(method.methodId))?.methodId ?? 0,
  }));
}

/** `oot:name` is several at once; the name belongs to the last. */
function parseArgument(word: string): Argument[] {
  const [types, name = ''] = word.split(':') as [string, string?];
  const nowait = name.startsWith('nowait=');
  return [...types].map((type, index) => ({
    type,
    name: index === types.length - 1 && !nowait ? name : '',
    nowaitBit: nowait ? Number(name.slice(7)) : -1,
  }));
}

const byId = new Map<number, Method>();
for (const [className, [classId, text]] of Object.entries(classes))
  for (const method of parseClass(className, classId, text)) byId.set((classId << 16) | method.methodId, method);

export function methodOf(classId: number, methodId: number): Method | undefined {
  return byId.get((classId << 16) | methodId);
}

const classNames: ReadonlyMap<number, string> = new Map(Object.entries(classes).map(([name, [id]]) => [id, name]));

export function className(classId: number): string {
  return classNames.get(classId) ?? String(classId);
}

/** Reply codes that are the server's fault (§1.3 of the specification's constants): forced close, internal error, out of resources. */
export function isServerFault(code: number): boolean {
  return code === 320 || code === 506 || code === 541;
}

/** Names of reply codes. */
const replyNames: Readonly<Record<number, string>> = {
  200: 'reply-success',
  311: 'content-too-large',
  312: 'no-route',
  313: 'no-consumers',
  320: 'connection-forced',
  402: 'invalid-path',
  403: 'access-refused',
  404: 'not-found',
  405: 'resource-locked',
  406: 'precondition-failed',
  501: 'frame-error',
  502: 'syntax-error',
  503: 'command-invalid',
  504: 'channel-error',
  505: 'unexpected-frame',
  506: 'resource-error',
  530: 'not-allowed',
  540: 'not-implemented',
  541: 'internal-error',
};

export function replyName(code: number): string {
  return replyNames[code] ?? String(code);
}
