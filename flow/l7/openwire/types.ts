/** Data types of OpenWire: commands and the objects in them, with their fields in order (facts of ActiveMQ's marshallers, versions 1 to 12). */

/**
 * Fields are `type:name`; `@3` says since which version. Types: B boolean, b byte, h short, i int, l long, s string, y bytes behind their length,
 * n object, c object that may be cached, a array of objects, t exception.
 */
export interface DataType {
  readonly name: string;
  readonly isCommand: boolean;
  readonly fields: readonly Field[];
  /** Marshalled by itself: in the tight encoding such an object inside another may have its own stream of booleans. */
  readonly aware: boolean;
}

export interface Field {
  readonly type: string;
  readonly name: string;
  readonly since: number;
}

const base = 'i:commandId B:responseRequired';
const message = `${base} c:producerId c:destination c:transactionId c:originalDestination n:messageId c:originalTransactionId s:groupId
  i:groupSequence s:jmsCorrelationId B:persistent l:expiration b:priority n:replyTo l:timestamp s:jmsType y:content y:properties n:dataStructure
  c:targetConsumerId B:compressed i:redeliveryCounter a:brokerPath l:arrival s:userId B:fromBridge B:droppable@2 a:cluster@3
  l:brokerInTime@3 l:brokerOutTime@3 B:groupFirst@10`;
const transport = `${base} i:correlationId`;

/** Code, name, fields. */
const commands: readonly (readonly [number, string, string])[] = [
  [
    2,
    'BrokerInfo',
    `${base} c:brokerId s:brokerUrl a:peers s:brokerName B:slave B:master B:faultTolerant B:duplex@2 B:network@2 l:connection@2 s:uploadUrl@3
    s:networkProperties@3`,
  ],
  [
    3,
    'ConnectionInfo',
    `${base} c:connectionId s:clientId s:password s:userName a:brokerPath B:masterConnector B:manageable B:clientMaster@2 B:faultTolerant@6
    B:failover@6 s:clientIp@8`,
  ],
  [4, 'SessionInfo', `${base} c:sessionId`],
  [
    5,
    'ConsumerInfo',
    `${base} c:consumerId B:browser c:destination i:prefetchSize i:maximumPending B:dispatchAsync s:selector s:clientId@10 s:subscription
    B:noLocal B:exclusive B:retroactive b:priority a:brokerPath n:predicate B:networkSubscription B:optimizedAcknowledge B:noRangeAcks
    a:networkConsumerPath@4`,
  ],
  [6, 'ProducerInfo', `${base} c:producerId c:destination a:brokerPath B:dispatchAsync@2 i:windowSize@3`],
  [7, 'TransactionInfo', `${base} c:connectionId c:transactionId b:transactionType`],
  [8, 'DestinationInfo', `${base} c:connectionId c:destination b:operation l:timeout a:brokerPath`],
  [9, 'RemoveSubscriptionInfo', `${base} c:connectionId s:subscription s:clientId`],
  [10, 'KeepAliveInfo', base],
  [11, 'ShutdownInfo', base],
  [12, 'RemoveInfo', `${base} c:objectId l:lastDelivered@5`],
  [14, 'ControlCommand', `${base} s:command`],
  [15, 'FlushCommand', base],
  [16, 'ConnectionError', `${base} t:exception n:connectionId`],
  [17, 'ConsumerControl', `${base} c:destination@6 B:close n:consumerId i:prefetch B:flush@2 B:start@2 B:stop@2`],
  [
    18,
    'ConnectionControl',
    `${base} B:close B:exit B:faultTolerant B:resume B:suspend s:connectedBrokers@6 s:reconnectTo@6 B:rebalance@6 y:token@8`,
  ],
  [19, 'ProducerAck', `${base} n:producerId i:size`],
  [20, 'MessagePull', `${base} c:consumerId c:destination l:timeout s:correlation@3 n:messageId@3`],
  [21, 'MessageDispatch', `${base} c:consumerId c:destination n:message i:redeliveryCounter`],
  [
    22,
    'MessageAck',
    `${base} c:destination c:transactionId c:consumerId b:ackType n:firstMessageId n:lastMessageId i:messageCount t:poison@7`,
  ],
  [23, 'ActiveMQMessage', message],
  [24, 'ActiveMQBytesMessage', message],
  [25, 'ActiveMQMapMessage', message],
  [26, 'ActiveMQObjectMessage', message],
  [27, 'ActiveMQStreamMessage', message],
  [28, 'ActiveMQTextMessage', message],
  [29, 'ActiveMQBlobMessage', `${message} s:remoteBlobUrl s:mimeType B:deletedByBroker`],
  [30, 'Response', transport],
  [31, 'ExceptionResponse', `${transport} t:exception`],
  [32, 'DataResponse', `${transport} n:data`],
  [33, 'DataArrayResponse', `${transport} a:data`],
  [34, 'IntegerResponse', `${transport} i:result`],
  [65, 'ReplayCommand', `${base} i:firstNak i:lastNak`],
];

const objects: readonly (readonly [number, string, string])[] = [
  [40, 'DiscoveryEvent', 's:serviceName s:brokerName'],
  [55, 'SubscriptionInfo', 's:clientId c:destination s:selector s:subscription n:subscribedDestination@2 B:noLocal@11'],
  [91, 'NetworkBridgeFilter', 'i:networkTtl c:networkBrokerId'],
  [100, 'ActiveMQQueue', 's:physicalName'],
  [101, 'ActiveMQTopic', 's:physicalName'],
  [102, 'ActiveMQTempQueue', 's:physicalName'],
  [103, 'ActiveMQTempTopic', 's:physicalName'],
  [110, 'MessageId', 's:textView@10 c:producerId l:producerSequence l:brokerSequence'],
  [111, 'LocalTransactionId', 'l:value c:connectionId'],
  [112, 'XATransactionId', 'i:format y:globalId y:branch'],
  [120, 'ConnectionId', 's:connection'],
  [121, 'SessionId', 's:connection l:value'],
  [122, 'ConsumerId', 's:connection l:session l:value'],
  [123, 'ProducerId', 's:connection l:value l:session'],
  [124, 'BrokerId', 's:value'],
];

function parseFields(text: string): readonly Field[] {
  return text.split(/\s+/).map((word) => {
    const [type, rest] = word.split(':') as [string, string];
    const [name, since = '1'] = rest.split('@') as [string, string?];
    return { type, name, since: Number(since) };
  });
}

/** By code; WireFormatInfo (1) and the parts of a command (60, 61) have a form of their own. */
export const dataTypes: readonly (DataType | undefined)[] = (() => {
  const all: (DataType | undefined)[] = [];
  for (const [code, name, fields] of commands)
    all[code] = { name, isCommand: true, fields: parseFields(fields), aware: code >= 23 && code <= 29 };
  for (const [code, name, fields] of objects)
    all[code] = { name, isCommand: false, fields: parseFields(fields), aware: false };
  return all;
})();

export const codes = {
  wireFormatInfo: 1,
  keepAlive: 10,
  connectionError: 16,
  messageDispatch: 21,
  firstMessage: 23,
  lastMessage: 29,
  firstResponse: 30,
  exceptionResponse: 31,
  lastResponse: 34,
  partial: 60,
  lastPartial: 61,
  firstDestination: 100,
  lastDestination: 103,
} as const;
