/**
 * The fields of Kafka's requests and responses up to what is wanted of them: topics, partitions, offsets, groups, errors.
 *
 * A schema is a list of `name:type`, `name[ … ]` for an array of structures; `@3+`, `@0-7` or `@1` give the versions that have the field.
 * `…` ends what is read: the rest of the message does not matter. Types: i8 i16 i32 i64 uuid str bytes records, and strs i32s i64s, arrays of
 * them. Facts from the message definitions of Apache Kafka (KIP-482 tells how flexible versions are written).
 *
 * Names that are looked at: error errorMessage throttle topic topicId partition offset groupId transactionalId memberId acks key keyType
 * mechanism records; the others are there to be stepped over.
 */

/** Of one API: request, response; by API key. */
type Pair = readonly [request: string, response: string];

const throttledError = 'throttle:i32 error:i16';
const throttledText = 'throttle:i32 error:i16 errorMessage:str';
const groupErrors = 'throttle:i32 groups[ error:i16 errorMessage:str … ]';
const partitionErrors = 'throttle:i32 topics[ topic:str partitions[ partition:i32 error:i16 ] ]';
const shareState = 'results[ topicId:uuid partitions[ partition:i32 error:i16 errorMessage:str … ] ]';
const groupAndMember = 'groupId:str memberId:str …';

const pairs: Readonly<Record<number, Pair>> = {
  0: [
    `transactionalId:str@3+ acks:i16 timeoutMs:i32 topics[ topic:str@0-12 topicId:uuid@13+ partitions[ partition:i32 records:records ] ]`,
    `topics[ topic:str@0-12 topicId:uuid@13+ partitions[ partition:i32 error:i16 offset:i64 logAppendTime:i64@2+ logStart:i64@5+
      recordErrors[@8+ index:i32 message:str ] errorMessage:str@8+ ] ] throttle:i32@1+`,
  ],
  1: [
    `replicaId:i32@0-14 maxWaitMs:i32 minBytes:i32 maxBytes:i32@3+ isolation:i8@4+ sessionId:i32@7+ sessionEpoch:i32@7+
      topics[ topic:str@0-12 topicId:uuid@13+ partitions[ partition:i32 leaderEpoch:i32@9+ offset:i64 lastFetchedEpoch:i32@12+
      logStart:i64@5+ maxBytes:i32 ] ] …`,
    `throttle:i32@1+ error:i16@7+ sessionId:i32@7+ topics[ topic:str@0-12 topicId:uuid@13+ partitions[ partition:i32 error:i16
      highWatermark:i64 lastStable:i64@4+ logStart:i64@5+ aborted[@4+ producerId:i64 firstOffset:i64 ] preferredReplica:i32@11+
      records:records ] ]`,
  ],
  2: [
    `replicaId:i32 isolation:i8@2+ topics[ topic:str partitions[ partition:i32 leaderEpoch:i32@4+ timestamp:i64 maxOffsets:i32@0 ] ] …`,
    `throttle:i32@2+ topics[ topic:str partitions[ partition:i32 error:i16 oldOffsets:i64s@0 timestamp:i64@1+ offset:i64@1+
      leaderEpoch:i32@4+ ] ]`,
  ],
  3: [
    'topics[ topicId:uuid@10+ topic:str ] …',
    `throttle:i32@3+ brokers[ nodeId:i32 host:str port:i32 rack:str@1+ ] clusterId:str@2+ controllerId:i32@1+ topics[ error:i16
      topic:str topicId:uuid@10+ isInternal:i8@1+ partitions[ error:i16 index:i32 leader:i32 leaderEpoch:i32@7+ replicas:i32s isr:i32s
      offline:i32s@5+ ] operations:i32@8+ ] clusterOperations:i32@8-10 error:i16@13+`,
  ],
  4: ['…', 'error:i16 …'],
  5: ['…', 'error:i16 …'],
  6: ['…', 'error:i16 …'],
  7: ['…', 'error:i16 …'],
  8: [
    `groupId:str generation:i32@1+ memberId:str@1+ instanceId:str@7+ retentionMs:i64@2-4 topics[ topic:str@0-9 topicId:uuid@10+
      partitions[ partition:i32 offset:i64 leaderEpoch:i32@6+ commitTimestamp:i64@1 metadata:str ] ]`,
    'throttle:i32@3+ topics[ topic:str@0-9 topicId:uuid@10+ partitions[ partition:i32 error:i16 ] ]',
  ],
  9: [
    `groupId:str@0-7 topics[@0-7 topic:str partition:i32s ] groups[@8+ groupId:str memberId:str@9+ memberEpoch:i32@9+ topics[
      topic:str@0-9 topicId:uuid@10+ partition:i32s ] ] …`,
    `throttle:i32@3+ topics[@0-7 topic:str partitions[ partition:i32 offset:i64 leaderEpoch:i32@5+ metadata:str error:i16 ] ]
      error:i16@2-7 groups[@8+ groupId:str topics[ topic:str@0-9 topicId:uuid@10+ partitions[ partition:i32 offset:i64 leaderEpoch:i32
      metadata:str error:i16 ] ] error:i16 ]`,
  ],
  10: [
    'key:str@0-3 keyType:i8@1+ key:strs@4+',
    `throttle:i32@1+ error:i16@0-3 errorMessage:str@1-3 nodeId:i32@0-3 host:str@0-3 port:i32@0-3 coordinators[@4+ id:str nodeId:i32
      host:str port:i32 error:i16 errorMessage:str ]`,
  ],
  11: ['groupId:str sessionTimeoutMs:i32 rebalanceTimeoutMs:i32@1+ memberId:str …', 'throttle:i32@2+ error:i16 …'],
  12: ['groupId:str generation:i32 memberId:str …', 'throttle:i32@1+ error:i16'],
  13: [
    'groupId:str memberId:str@0-2 members[@3+ memberId:str instanceId:str reason:str@5+ ]',
    'throttle:i32@1+ error:i16 members[@3+ memberId:str instanceId:str error:i16 ]',
  ],
  14: ['groupId:str generation:i32 memberId:str …', 'throttle:i32@1+ error:i16 …'],
  15: ['groupId:strs …', 'throttle:i32@1+ groups[ error:i16 errorMessage:str@6+ … ]'],
  16: ['…', 'throttle:i32@1+ error:i16 …'],
  17: ['mechanism:str', 'error:i16 …'],
  18: ['…', 'error:i16 …'],
  19: [
    'topics[ topic:str partitionCount:i32 … ]',
    `throttle:i32@2+ topics[ topic:str topicId:uuid@7+ error:i16 errorMessage:str@1+ partitionCount:i32@5+ replicas:i16@5+ configs[@5+
      name:str value:str readOnly:i8 source:i8 sensitive:i8 ] ]`,
  ],
  20: [
    'states[@6+ topic:str topicId:uuid ] topic:strs@0-5 …',
    'throttle:i32@1+ topics[ topic:str topicId:uuid@6+ error:i16 errorMessage:str@5+ ]',
  ],
  21: [
    'topics[ topic:str partitions[ partition:i32 offset:i64 ] ] …',
    'throttle:i32 topics[ topic:str partitions[ partition:i32 lowWatermark:i64 error:i16 ] ]',
  ],
  22: ['transactionalId:str …', throttledError],
  23: [
    'replicaId:i32@3+ topics[ topic:str partitions[ partition:i32 currentEpoch:i32@2+ leaderEpoch:i32 ] ]',
    'throttle:i32@2+ topics[ topic:str partitions[ error:i16 partition:i32 leaderEpoch:i32@1+ endOffset:i64 ] ]',
  ],
  24: [
    `transactionalId:str@0-3 producerId:i64@0-3 epoch:i16@0-3 topics[@0-3 topic:str partition:i32s ] transactions[@4+
      transactionalId:str producerId:i64 epoch:i16 verifyOnly:i8 topics[ topic:str partition:i32s ] ]`,
    `throttle:i32 error:i16@4+ transactions[@4+ transactionalId:str topics[ topic:str partitions[ partition:i32 error:i16 ] ] ]
      topics[@0-3 topic:str partitions[ partition:i32 error:i16 ] ]`,
  ],
  25: ['transactionalId:str producerId:i64 epoch:i16 groupId:str', throttledError],
  26: ['transactionalId:str …', throttledError],
  27: ['…', 'markers[ producerId:i64 topics[ topic:str partitions[ partition:i32 error:i16 ] ] ]'],
  28: [
    `transactionalId:str groupId:str producerId:i64 epoch:i16 generation:i32@3+ memberId:str@3+ instanceId:str@3+ topics[ topic:str
      partitions[ partition:i32 offset:i64 leaderEpoch:i32@2+ metadata:str ] ]`,
    partitionErrors,
  ],
  29: ['…', throttledText],
  30: ['…', 'throttle:i32 results[ error:i16 errorMessage:str ]'],
  31: ['…', 'throttle:i32 results[ error:i16 errorMessage:str … ]'],
  32: ['…', 'throttle:i32 results[ error:i16 errorMessage:str … ]'],
  33: ['…', 'throttle:i32 results[ error:i16 errorMessage:str type:i8 name:str ]'],
  34: ['…', partitionErrors],
  35: ['topics[ topic:str partition:i32s ]', 'throttle:i32 error:i16@3+ …'],
  36: ['…', 'error:i16 errorMessage:str …'],
  37: ['topics[ topic:str count:i32 … ]', 'throttle:i32 topics[ topic:str error:i16 errorMessage:str ]'],
  38: ['…', 'error:i16 …'],
  39: ['…', 'error:i16 …'],
  40: ['…', 'error:i16 …'],
  41: ['…', 'error:i16 …'],
  42: ['groupId:strs', 'throttle:i32 groups[ groupId:str error:i16 ]'],
  43: [
    'type:i8@1+ topics[ topic:str partition:i32s ] …',
    'throttle:i32 error:i16@1+ topics[ topic:str partitions[ partition:i32 error:i16 errorMessage:str ] ]',
  ],
  44: ['…', 'throttle:i32 results[ error:i16 errorMessage:str type:i8 name:str ]'],
  45: [
    'timeoutMs:i32 allowChange:i8@1+ topics[ topic:str … ]',
    `throttle:i32 allowChange:i8@1+ error:i16 errorMessage:str topics[ topic:str partitions[ partition:i32 error:i16
      errorMessage:str ] ]`,
  ],
  46: ['timeoutMs:i32 topics[ topic:str partition:i32s ]', throttledText],
  47: [
    'groupId:str topics[ topic:str partitions[ partition:i32 ] ]',
    'error:i16 throttle:i32 topics[ topic:str partitions[ partition:i32 error:i16 ] ]',
  ],
  48: ['…', throttledText],
  49: ['…', 'throttle:i32 entries[ error:i16 errorMessage:str … ]'],
  50: ['…', throttledText],
  51: ['…', 'throttle:i32 results[ user:str error:i16 errorMessage:str ]'],
  52: ['…', 'error:i16 …'],
  53: ['…', 'error:i16 …'],
  54: ['…', 'error:i16 …'],
  55: ['topics[ topic:str … ]', 'error:i16 errorMessage:str@2+ …'],
  56: ['…', throttledError],
  57: ['…', throttledText],
  58: ['…', 'data:bytes error:i16'],
  59: ['…', throttledError],
  60: ['…', throttledText],
  61: [
    'topics[ topic:str partition:i32s ]',
    'throttle:i32 topics[ topic:str partitions[ partition:i32 error:i16 errorMessage:str … ] ]',
  ],
  62: ['…', throttledError],
  63: ['…', throttledError],
  64: ['…', throttledText],
  65: ['transactionalId:strs', 'throttle:i32 states[ error:i16 … ]'],
  66: ['…', throttledError],
  67: ['…', throttledError],
  68: [groupAndMember, throttledText],
  69: ['groupId:strs …', groupErrors],
  70: ['…', throttledText],
  71: ['…', throttledError],
  72: ['…', throttledError],
  73: ['…', throttledError],
  74: ['…', throttledError],
  75: ['topics[ topic:str ] …', 'throttle:i32 topics[ error:i16 topic:str topicId:uuid … ]'],
  76: [groupAndMember, throttledText],
  77: ['groupId:strs …', groupErrors],
  78: [groupAndMember, throttledText],
  79: [groupAndMember, throttledText],
  80: ['…', throttledText],
  81: ['…', throttledText],
  82: ['…', throttledError],
  83: ['groupId:str …', shareState],
  84: ['groupId:str …', shareState],
  85: ['groupId:str …', shareState],
  86: ['groupId:str …', shareState],
  87: ['groupId:str …', shareState],
  88: [groupAndMember, throttledText],
  89: ['groupId:strs …', groupErrors],
  90: ['groups[ groupId:str … ]', '…'],
  91: ['groupId:str …', throttledText],
  92: ['groupId:str …', throttledText],
};

/** What a field is read as, and what it means; an array of structures has `fields`. */
export interface Field {
  readonly name: string;
  readonly type: string;
  readonly since: number;
  readonly until: number;
  readonly fields: readonly Field[] | null;
}

const ellipsis: Field = { name: '…', type: 'stop', since: 0, until: 999, fields: null };

function parseSchema(text: string): readonly Field[] {
  const words = text.split(/\s+/).filter((word) => word !== '');
  let at = 0;
  function structure(): readonly Field[] {
    const fields: Field[] = [];
    while (at < words.length) {
      const word = words[at++]!;
      if (word === ']') return fields;
      if (word === '…') {
        fields.push(ellipsis);
        continue;
      }
      const [what, versions = '0+'] = word.split('@') as [string, string?];
      const [since, until] = versionRange(versions);
      if (what.endsWith('['))
        fields.push({ name: what.slice(0, -1), type: 'array', since, until, fields: structure() });
      else {
        const [name, type] = what.split(':') as [string, string];
        fields.push({ name, type, since, until, fields: null });
      }
    }
    return fields;
  }
  return structure();
}

function versionRange(text: string): [number, number] {
  if (text.endsWith('+')) return [Number(text.slice(0, -1)), 999];
  const [since, until = since] = text.split('-') as [string, string?];
  return [Number(since), Number(until)];
}

export const requestSchemas: readonly (readonly Field[])[] = compile(0);
export const responseSchemas: readonly (readonly Field[])[] = compile(1);

function compile(index: 0 | 1): readonly (readonly Field[])[] {
  const schemas: (readonly Field[])[] = [];
  for (const [key, pair] of Object.entries(pairs)) schemas[Number(key)] = parseSchema(pair[index]);
  return schemas;
}
