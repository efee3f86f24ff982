/** The APIs of Kafka: key, name, highest version known, first flexible version (KIP-482), as the protocol guide of Kafka 4.1 lists them. */

export interface Api {
  readonly key: number;
  readonly name: string;
  readonly maxVersion: number;
  /** From this version on: compact strings and arrays, tagged fields, request header 2 and response header 1. */
  readonly flexibleFrom: number;
}

const never = 999;

/** `[name, highest version, first flexible version]`; the index is the API key. */
const table: readonly (readonly [string, number, number])[] = [
  ['Produce', 13, 9],
  ['Fetch', 18, 12],
  ['ListOffsets', 11, 6],
  ['Metadata', 13, 9],
  ['LeaderAndIsr', 7, 4],
  ['StopReplica', 4, 2],
  ['UpdateMetadata', 8, 6],
  ['ControlledShutdown', 3, 3],
  ['OffsetCommit', 10, 8],
  ['OffsetFetch', 10, 6],
  ['FindCoordinator', 6, 3],
  ['JoinGroup', 9, 6],
  ['Heartbeat', 4, 4],
  ['LeaveGroup', 5, 4],
  ['SyncGroup', 5, 4],
  ['DescribeGroups', 6, 5],
  ['ListGroups', 5, 3],
  ['SaslHandshake', 1, never],
  ['ApiVersions', 4, 3],
  ['CreateTopics', 7, 5],
  ['DeleteTopics', 6, 4],
  ['DeleteRecords', 2, 2],
  ['InitProducerId', 6, 2],
  ['OffsetForLeaderEpoch', 4, 4],
  ['AddPartitionsToTxn', 5, 3],
  ['AddOffsetsToTxn', 4, 3],
  ['EndTxn', 5, 3],
  ['WriteTxnMarkers', 2, 1],
  ['TxnOffsetCommit', 5, 3],
  ['DescribeAcls', 3, 2],
  ['CreateAcls', 3, 2],
  ['DeleteAcls', 3, 2],
  ['DescribeConfigs', 4, 4],
  ['AlterConfigs', 2, 2],
  ['AlterReplicaLogDirs', 2, 2],
  ['DescribeLogDirs', 5, 2],
  ['SaslAuthenticate', 2, 2],
  ['CreatePartitions', 3, 2],
  ['CreateDelegationToken', 3, 2],
  ['RenewDelegationToken', 2, 2],
  ['ExpireDelegationToken', 2, 2],
  ['DescribeDelegationToken', 3, 2],
  ['DeleteGroups', 2, 2],
  ['ElectLeaders', 2, 2],
  ['IncrementalAlterConfigs', 1, 1],
  ['AlterPartitionReassignments', 1, 0],
  ['ListPartitionReassignments', 0, 0],
  ['OffsetDelete', 0, never],
  ['DescribeClientQuotas', 1, 1],
  ['AlterClientQuotas', 1, 1],
  ['DescribeUserScramCredentials', 0, 0],
  ['AlterUserScramCredentials', 0, 0],
  ['Vote', 2, 0],
  ['BeginQuorumEpoch', 1, 1],
  ['EndQuorumEpoch', 1, 1],
  ['DescribeQuorum', 2, 0],
  ['AlterPartition', 3, 0],
  ['UpdateFeatures', 2, 0],
  ['Envelope', 0, 0],
  ['FetchSnapshot', 1, 0],
  ['DescribeCluster', 2, 0],
  ['DescribeProducers', 0, 0],
  ['BrokerRegistration', 4, 0],
  ['BrokerHeartbeat', 1, 0],
  ['UnregisterBroker', 0, 0],
  ['DescribeTransactions', 0, 0],
  ['ListTransactions', 2, 0],
  ['AllocateProducerIds', 0, 0],
  ['ConsumerGroupHeartbeat', 1, 0],
  ['ConsumerGroupDescribe', 1, 0],
  ['ControllerRegistration', 0, 0],
  ['GetTelemetrySubscriptions', 0, 0],
  ['PushTelemetry', 0, 0],
  ['AssignReplicasToDirs', 0, 0],
  ['ListConfigResources', 1, 0],
  ['DescribeTopicPartitions', 0, 0],
  ['ShareGroupHeartbeat', 1, 0],
  ['ShareGroupDescribe', 1, 0],
  ['ShareFetch', 2, 0],
  ['ShareAcknowledge', 2, 0],
  ['AddRaftVoter', 1, 0],
  ['RemoveRaftVoter', 0, 0],
  ['UpdateRaftVoter', 0, 0],
  ['InitializeShareGroupState', 0, 0],
  ['ReadShareGroupState', 0, 0],
  ['WriteShareGroupState', 1, 0],
  ['DeleteShareGroupState', 0, 0],
  ['ReadShareGroupStateSummary', 1, 0],
  ['StreamsGroupHeartbeat', 0, 0],
  ['StreamsGroupDescribe', 0, 0],
  ['DescribeShareGroupOffsets', 1, 0],
  ['AlterShareGroupOffsets', 0, 0],
  ['DeleteShareGroupOffsets', 0, 0],
];

export const apis: readonly Api[] = table.map(([name, maxVersion, flexibleFrom], key) => ({
  key,
  name,
  maxVersion,
  flexibleFrom,
}));

export const apiByName: ReadonlyMap<string, Api> = new Map(apis.map((api) => [api.name, api]));

export const apiKeys = {
  produce: 0,
  fetch: 1,
  metadata: 3,
  controlledShutdown: 7,
  saslHandshake: 17,
  apiVersions: 18,
} as const;

/** Versions as text, made once. */
export const versionTexts: readonly string[] = Array.from({ length: 64 }, (_, version) => String(version));

/** Whether requests of the version end their header with tagged fields, and their bodies use compact types. */
export function isFlexible(api: Api, version: number): boolean {
  return version >= api.flexibleFrom;
}

/** ApiVersions answers with the old header always, for a client that speaks older versions must understand it (KIP-511). */
export function hasFlexibleResponseHeader(api: Api, version: number): boolean {
  return api.key !== apiKeys.apiVersions && version >= api.flexibleFrom;
}
