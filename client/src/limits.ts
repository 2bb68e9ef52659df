/** Limits and budgets of keys, people, workspaces, connections and routing groups. */
import type {
  limitChange,
  limitCreate,
  LimitEventView,
  limitSettingsChange,
  LimitSettingsView,
  LimitSubjectKind,
  LimitView,
} from '@patchbay/contract/limits';
import type { Envelope } from './people.ts';
import { segment, type Input, type Transport } from './transport.ts';

export interface LimitSubject {
  subjectKind: LimitSubjectKind;
  subjectId: string;
}

export interface LimitsOf {
  limits: LimitView[];
  /** Whether the caller may set limits there. */
  canCreate: boolean;
}

export interface LimitCalls {
  of(subject: LimitSubject, signal?: AbortSignal): Promise<LimitsOf>;
  create(input: Input<typeof limitCreate>): Promise<LimitView>;
  get(id: string, signal?: AbortSignal): Promise<LimitView>;
  update(id: string, change: Input<typeof limitChange>): Promise<LimitView>;
  remove(id: string): Promise<void>;
  /** When the limits of a subject were neared, reached, or would have been; newest first. */
  events(subject: LimitSubject, signal?: AbortSignal): Promise<LimitEventView[]>;
  settings(signal?: AbortSignal): Promise<LimitSettingsView>;
  changeSettings(change: Input<typeof limitSettingsChange>): Promise<LimitSettingsView>;
}

/** A subject has a few; this is the largest page. */
const limitsOfOneMax = 500;

export function limitCalls(transport: Transport): LimitCalls {
  const at = (id: string): string => `api/limits/${segment(id)}`;
  return {
    async of(subject, signal) {
      const query = { ...subject, limit: limitsOfOneMax };
      const { data, canCreate } = await transport.call<Envelope<LimitView[]> & { canCreate: boolean }>('GET', 'api/limits', {
        query,
        signal,
      });
      return { limits: data, canCreate };
    },
    async create(input) {
      return (await transport.call<Envelope<LimitView>>('POST', 'api/limits', { body: input })).data;
    },
    async get(id, signal) {
      return (await transport.call<Envelope<LimitView>>('GET', at(id), { signal })).data;
    },
    async update(id, change) {
      return (await transport.call<Envelope<LimitView>>('PATCH', at(id), { body: change })).data;
    },
    async remove(id) {
      await transport.call('DELETE', at(id));
    },
    async events(subject, signal) {
      return (await transport.call<Envelope<LimitEventView[]>>('GET', 'api/limit-events', { query: { ...subject }, signal })).data;
    },
    async settings(signal) {
      return (await transport.call<Envelope<LimitSettingsView>>('GET', 'api/limit-settings', { signal })).data;
    },
    async changeSettings(change) {
      return (await transport.call<Envelope<LimitSettingsView>>('PATCH', 'api/limit-settings', { body: change })).data;
    },
  };
}
