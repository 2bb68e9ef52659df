/** How connections are doing: all of them, one with its history, checks at once, settings, and pages that are shared by a link. */
import type {
  SharedStatus,
  StatusChecked,
  StatusOne,
  StatusRange,
  StatusSettings,
  statusSettingsChange,
  StatusShare,
  statusShareCreate,
  StatusSummary,
  StatusView,
} from '@patchbay/contract/status';
import type { Envelope } from './people.ts';
import { segment, type Input, type Transport } from './transport.ts';

export interface StatusQuestion {
  range?: StatusRange;
  workspaceId?: string;
}

export interface StatusShares {
  shares: StatusShare[];
  mayShare: { organization: boolean; workspaces: { id: string; name: string }[] };
}

export interface StatusCalls {
  all(question?: StatusQuestion, signal?: AbortSignal): Promise<StatusView>;
  /** How many are in which state, and which are ill. */
  counts(question?: Pick<StatusQuestion, 'workspaceId'>, signal?: AbortSignal): Promise<StatusSummary>;
  one(connectionId: string, range?: StatusRange, signal?: AbortSignal): Promise<StatusOne>;
  /** Checks it now, beside its schedule. */
  check(connectionId: string): Promise<StatusChecked>;
  settings(signal?: AbortSignal): Promise<StatusSettings>;
  changeSettings(change: Input<typeof statusSettingsChange>): Promise<StatusSettings>;
  shares(signal?: AbortSignal): Promise<StatusShares>;
  /** The token of the link is in this answer and never again. */
  share(input: Input<typeof statusShareCreate>): Promise<StatusShare & { token: string }>;
  withdraw(shareId: string): Promise<void>;
  /** What a link shows; needs no session. */
  shared(token: string, signal?: AbortSignal): Promise<SharedStatus>;
}

export function statusCalls(transport: Transport): StatusCalls {
  const at = (id: string): string => `api/status/${segment(id)}`;
  return {
    async all(question = {}, signal) {
      return (await transport.call<Envelope<StatusView>>('GET', 'api/status', { query: { ...question }, signal })).data;
    },
    async counts(question = {}, signal) {
      return (await transport.call<Envelope<StatusSummary>>('GET', 'api/status/counts', { query: { ...question }, signal })).data;
    },
    async one(connectionId, range, signal) {
      return (await transport.call<Envelope<StatusOne>>('GET', at(connectionId), { query: { range }, signal })).data;
    },
    async check(connectionId) {
      return (await transport.call<Envelope<StatusChecked>>('POST', `${at(connectionId)}/check`)).data;
    },
    async settings(signal) {
      return (await transport.call<Envelope<StatusSettings>>('GET', 'api/status-settings', { signal })).data;
    },
    async changeSettings(change) {
      return (await transport.call<Envelope<StatusSettings>>('PATCH', 'api/status-settings', { body: change })).data;
    },
    async shares(signal) {
      const { data, mayShare } = await transport.call<Envelope<StatusShare[]> & Pick<StatusShares, 'mayShare'>>(
        'GET',
        'api/status-shares',
        {
          signal,
        },
      );
      return { shares: data, mayShare };
    },
    async share(input) {
      return (await transport.call<Envelope<StatusShare & { token: string }>>('POST', 'api/status-shares', { body: input })).data;
    },
    async withdraw(shareId) {
      await transport.call('DELETE', `api/status-shares/${segment(shareId)}`);
    },
    async shared(token, signal) {
      return (await transport.call<Envelope<SharedStatus>>('GET', `${at('shared')}/${segment(token)}`, { signal })).data;
    },
  };
}
