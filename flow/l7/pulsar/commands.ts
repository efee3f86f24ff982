/** Commands of Pulsar's binary protocol: what they are, and the numbers of the fields that are wanted (facts of PulsarApi.proto of Pulsar 4). */
import type { MessageKind, Side } from '../message.ts';

export interface Command {
  readonly name: string;
  readonly kind: MessageKind;
  /** Who sends it; null: both. */
  readonly side: Side | null;
  /** Field numbers; 0: it has no such field. */
  readonly topic: number;
  readonly request: number;
  readonly producer: number;
  readonly consumer: number;
  readonly sequence: number;
  readonly error: number;
  readonly text: number;
  readonly subscription: number;
  readonly label: number;
}

/** `code NAME kind side field=number …`; q request, r response, s session. */
const table = `2 CONNECT q c
  3 CONNECTED r s
  4 SUBSCRIBE q c topic=1 subscription=2 consumer=4 request=5 label=6
  5 PRODUCER q c topic=1 producer=2 request=3 label=4
  6 SEND q c producer=1 sequence=2
  7 SEND_RECEIPT r s producer=1 sequence=2
  8 SEND_ERROR r s producer=1 sequence=2 error=3 text=4
  9 MESSAGE s s consumer=1
  10 ACK s c consumer=1 request=7
  11 FLOW s c consumer=1
  12 UNSUBSCRIBE q c consumer=1 request=2
  13 SUCCESS r s request=1
  14 ERROR r s request=1 error=2 text=3
  15 CLOSE_PRODUCER q * producer=1 request=2
  16 CLOSE_CONSUMER q * consumer=1 request=2
  17 PRODUCER_SUCCESS r s request=1 label=2
  18 PING q *
  19 PONG r *
  20 REDELIVER_UNACKNOWLEDGED_MESSAGES s c consumer=1
  21 PARTITIONED_METADATA q c topic=1 request=2
  22 PARTITIONED_METADATA_RESPONSE r s request=2 error=4 text=5
  23 LOOKUP q c topic=1 request=2
  24 LOOKUP_RESPONSE r s request=4 error=6 text=7
  25 CONSUMER_STATS q c request=1 consumer=4
  26 CONSUMER_STATS_RESPONSE r s request=1 error=2 text=3
  27 REACHED_END_OF_TOPIC s s consumer=1
  28 SEEK q c consumer=1 request=2
  29 GET_LAST_MESSAGE_ID q c consumer=1 request=2
  30 GET_LAST_MESSAGE_ID_RESPONSE r s request=2
  31 ACTIVE_CONSUMER_CHANGE s s consumer=1
  32 GET_TOPICS_OF_NAMESPACE q c request=1 topic=2
  33 GET_TOPICS_OF_NAMESPACE_RESPONSE r s request=1
  34 GET_SCHEMA q c request=1 topic=2
  35 GET_SCHEMA_RESPONSE r s request=1 error=2 text=3
  36 AUTH_CHALLENGE q s
  37 AUTH_RESPONSE r c
  38 ACK_RESPONSE r s consumer=1 error=4 text=5 request=6
  39 GET_OR_CREATE_SCHEMA q c request=1 topic=2
  40 GET_OR_CREATE_SCHEMA_RESPONSE r s request=1 error=2 text=3
  50 NEW_TXN q c request=1
  51 NEW_TXN_RESPONSE r s request=1 error=4 text=5
  52 ADD_PARTITION_TO_TXN q c request=1 topic=4
  53 ADD_PARTITION_TO_TXN_RESPONSE r s request=1 error=4 text=5
  54 ADD_SUBSCRIPTION_TO_TXN q c request=1
  55 ADD_SUBSCRIPTION_TO_TXN_RESPONSE r s request=1 error=4 text=5
  56 END_TXN q c request=1
  57 END_TXN_RESPONSE r s request=1 error=4 text=5
  58 END_TXN_ON_PARTITION q c request=1 topic=4
  59 END_TXN_ON_PARTITION_RESPONSE r s request=1 error=4 text=5
  60 END_TXN_ON_SUBSCRIPTION q c request=1
  61 END_TXN_ON_SUBSCRIPTION_RESPONSE r s request=1 error=4 text=5
  62 TC_CLIENT_CONNECT_REQUEST q c request=1
  63 TC_CLIENT_CONNECT_RESPONSE r s request=1 error=2 text=3
  64 WATCH_TOPIC_LIST q c request=1 topic=3
  65 WATCH_TOPIC_LIST_SUCCESS r s request=1
  66 WATCH_TOPIC_UPDATE s s
  67 WATCH_TOPIC_LIST_CLOSE q c request=1
  68 TOPIC_MIGRATED s s`;

const kinds: Readonly<Record<string, MessageKind>> = { q: 'request', r: 'response', s: 'session' };
const sides: Readonly<Record<string, Side | null>> = { c: 0, s: 1, '*': null };

function parseCommand(line: string): [number, Command] {
  const [code, name, kind, side, ...fields] = line.trim().split(' ') as [string, string, string, string, ...string[]];
  const numbers = Object.fromEntries(fields.map((field) => field.split('=') as [string, string]));
  const number = (field: string): number => Number(numbers[field] ?? 0);
  return [
    Number(code),
    {
      name,
      kind: kinds[kind]!,
      side: sides[side]!,
      topic: number('topic'),
      request: number('request'),
      producer: number('producer'),
      consumer: number('consumer'),
      sequence: number('sequence'),
      error: number('error'),
      text: number('text'),
      subscription: number('subscription'),
      label: number('label'),
    },
  ];
}

/** By type; the same number is the field of BaseCommand that holds the command. */
export const commands: ReadonlyMap<number, Command> = new Map(table.split('\n').map(parseCommand));

const errors =
  'UnknownError MetadataError PersistenceError AuthenticationError AuthorizationError ConsumerBusy ServiceNotReady ProducerBlockedQuotaExceededError ProducerBlockedQuotaExceededException ChecksumError UnsupportedVersionError TopicNotFound SubscriptionNotFound ConsumerNotFound TooManyRequests TopicTerminatedError ProducerBusy InvalidTopicName IncompatibleSchema ConsumerAssignError TransactionCoordinatorNotFound InvalidTxnStatus NotAllowedError TransactionConflict TransactionNotFound ProducerFenced'.split(
    ' ',
  );

/** Name of a ServerError. */
export function errorName(code: number): string {
  return errors[code] ?? String(code);
}
