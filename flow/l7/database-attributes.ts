/** The attributes of database spans (OpenTelemetry semantic conventions, database), shared by the protocols of databases. */
import { attributeKey } from '../otlp/attribute-writer.ts';

export const database = {
  systemName: attributeKey('db.system.name'),
  namespace: attributeKey('db.namespace'),
  collectionName: attributeKey('db.collection.name'),
  operationName: attributeKey('db.operation.name'),
  batchSize: attributeKey('db.operation.batch.size'),
  querySummary: attributeKey('db.query.summary'),
  queryText: attributeKey('db.query.text'),
  storedProcedure: attributeKey('db.stored_procedure.name'),
  returnedRows: attributeKey('db.response.returned_rows'),
  statusCode: attributeKey('db.response.status_code'),
  affectedRows: attributeKey('deepflow.db.affected_rows'),
  user: attributeKey('deepflow.db.user'),
} as const;
