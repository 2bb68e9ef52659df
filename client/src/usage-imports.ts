/** Providers' own accounts of what was used, and where they differ from the books: for administrators. */
import type {
  mapImportKeys,
  reconciliationQuery,
  ReconciliationReport,
  UsageImport,
  usageImportDetail,
} from '@patchbay/contract/usage-imports';
import { segment, type Output, type Transport } from './transport.ts';

export type UsageImportDetail = Output<typeof usageImportDetail>['data'];
export type ReconciliationTolerance = Partial<Omit<Output<typeof reconciliationQuery>, 'format'>>;

interface Envelope<Data> {
  success: true;
  data: Data;
}

export interface UsageImportCalls {
  /** Newest first. */
  list(signal?: AbortSignal): Promise<UsageImport[]>;
  /** Takes a CSV or JSON export in; it is read as a task. The same file again is the import that there is. */
  take(fileName: string, file: Blob | Uint8Array<ArrayBuffer> | string): Promise<UsageImport>;
  /** One of them, with the names of keys in it. */
  get(id: string, signal?: AbortSignal): Promise<UsageImportDetail>;
  /** Says which connections its keys belong to. */
  mapKeys(id: string, keys: Output<typeof mapImportKeys>['keys']): Promise<UsageImport>;
  /** Where the two books differ, and most likely why. */
  reconcile(id: string, tolerance?: ReconciliationTolerance, signal?: AbortSignal): Promise<ReconciliationReport>;
  remove(id: string): Promise<void>;
}

export function usageImportCalls(transport: Transport): UsageImportCalls {
  const base = 'api/usage-imports';
  const at = (id: string, rest = ''): string => `${base}/${segment(id)}${rest}`;
  return {
    async list(signal) {
      return (await transport.call<Envelope<UsageImport[]>>('GET', base, { signal })).data;
    },
    async take(fileName, file) {
      return (await transport.call<Envelope<UsageImport>>('POST', base, { query: { fileName }, file })).data;
    },
    async get(id, signal) {
      return (await transport.call<Envelope<UsageImportDetail>>('GET', at(id), { signal })).data;
    },
    async mapKeys(id, keys) {
      return (await transport.call<Envelope<UsageImport>>('PUT', at(id, '/keys'), { body: { keys } })).data;
    },
    async reconcile(id, tolerance, signal) {
      return (await transport.call<Envelope<ReconciliationReport>>('GET', at(id, '/reconciliation'), { query: { ...tolerance }, signal }))
        .data;
    },
    async remove(id) {
      await transport.call('DELETE', at(id));
    },
  };
}
