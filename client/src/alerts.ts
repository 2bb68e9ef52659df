/** Alerts: what is going on, the rules that say so, the channels that tell it, and the mail server behind them. */
import type {
  AlertChannelChange,
  AlertChannelCreate,
  AlertChannelView,
  AlertDeliveryView,
  AlertRuleChange,
  AlertRuleCreate,
  AlertRuleView,
  AlertView,
  MailServerPut,
  MailServerView,
  SentView,
} from '@patchbay/contract/alerts';
import { segment, type Transport } from './transport.ts';

export interface AlertFilter {
  state?: 'active' | 'resolved';
  severity?: 'info' | 'warning' | 'critical';
  connectionId?: string;
  ruleId?: string;
  cursor?: string;
  limit?: number;
}

export type AlertWithDeliveries = AlertView & { deliveries: AlertDeliveryView[] };

export interface AlertCalls {
  list(filter?: AlertFilter, signal?: AbortSignal): Promise<{ data: AlertView[]; nextCursor: string | null }>;
  /** What the bell shows. */
  count(signal?: AbortSignal): Promise<{ active: number; unacknowledged: number }>;
  get(id: string, signal?: AbortSignal): Promise<AlertWithDeliveries>;
  acknowledge(id: string, note?: string): Promise<AlertWithDeliveries>;
  resolve(id: string): Promise<AlertWithDeliveries>;
  deliveries(
    of: { channelId?: string; alertId?: string; cursor?: string; limit?: number },
    signal?: AbortSignal,
  ): Promise<{ data: AlertDeliveryView[]; nextCursor: string | null }>;
  rules: {
    list(signal?: AbortSignal): Promise<AlertRuleView[]>;
    create(input: AlertRuleCreate): Promise<AlertRuleView>;
    get(id: string, signal?: AbortSignal): Promise<AlertRuleView>;
    update(id: string, change: AlertRuleChange): Promise<AlertRuleView>;
    delete(id: string): Promise<void>;
    /** ISO 8601; null ends it. */
    mute(id: string, until: string | null): Promise<AlertRuleView>;
    /** How often it would have fired lately; null where the past does not say. */
    preview(input: AlertRuleCreate, signal?: AbortSignal): Promise<{ days: number; times: number | null }>;
  };
  channels: {
    list(signal?: AbortSignal): Promise<{ data: AlertChannelView[]; isMailReady: boolean }>;
    /** `signingSecret` is shown this once. */
    create(input: AlertChannelCreate): Promise<AlertChannelView & { signingSecret: string | null }>;
    get(id: string, signal?: AbortSignal): Promise<AlertChannelView>;
    update(id: string, change: AlertChannelChange): Promise<AlertChannelView & { signingSecret: string | null }>;
    delete(id: string): Promise<void>;
    test(id: string): Promise<SentView>;
  };
  mail: {
    get(signal?: AbortSignal): Promise<MailServerView | null>;
    set(input: MailServerPut): Promise<MailServerView>;
    delete(): Promise<void>;
    test(to: string): Promise<SentView>;
  };
}

export function alertCalls(transport: Transport): AlertCalls {
  const one = async <T>(method: 'GET' | 'POST' | 'PATCH' | 'PUT', path: string, rest: { body?: unknown; signal?: AbortSignal } = {}) =>
    (await transport.call<{ data: T }>(method, path, rest)).data;
  const at = (base: string, id: string): string => `${base}/${segment(id)}`;
  const [alerts, rules, channels, mail] = ['api/alerts', 'api/alert-rules', 'api/alert-channels', 'api/admin/mail'];
  return {
    list: (filter, signal) => transport.call('GET', alerts, { query: { ...filter }, signal }),
    count: (signal) => one('GET', `${alerts}/count`, { signal }),
    get: (id, signal) => one('GET', at(alerts, id), { signal }),
    acknowledge: (id, note) => one('POST', `${at(alerts, id)}/acknowledge`, { body: { note } }),
    resolve: (id) => one('POST', `${at(alerts, id)}/resolve`),
    deliveries: (of, signal) => transport.call('GET', 'api/alert-deliveries', { query: { ...of }, signal }),
    rules: {
      list: (signal) => one('GET', rules, { signal }),
      create: (input) => one('POST', rules, { body: input }),
      get: (id, signal) => one('GET', at(rules, id), { signal }),
      update: (id, change) => one('PATCH', at(rules, id), { body: change }),
      async delete(id) {
        await transport.call('DELETE', at(rules, id));
      },
      mute: (id, until) => one('POST', `${at(rules, id)}/mute`, { body: { until } }),
      preview: (input, signal) => one('POST', `${rules}/preview`, { body: input, signal }),
    },
    channels: {
      list: (signal) => transport.call('GET', channels, { signal }),
      create: (input) => one('POST', channels, { body: input }),
      get: (id, signal) => one('GET', at(channels, id), { signal }),
      update: (id, change) => one('PATCH', at(channels, id), { body: change }),
      async delete(id) {
        await transport.call('DELETE', at(channels, id));
      },
      test: (id) => one('POST', `${at(channels, id)}/test`),
    },
    mail: {
      get: (signal) => one('GET', mail, { signal }),
      set: (input) => one('PUT', mail, { body: input }),
      async delete() {
        await transport.call('DELETE', mail);
      },
      test: (to) => one('POST', `${mail}/test`, { body: { to } }),
    },
  };
}
