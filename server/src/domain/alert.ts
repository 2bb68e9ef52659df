/** What an alert rule says, whom it tells, and what became of it. Types and the table of kinds; nothing here reads or waits. */
import type { Language, Owner } from './owner.ts';

export const alertKinds = [
  'connection-failing', 'error-rate', 'latency', 'spend', 'spike', 'budget', 'key-age', 'price-band', 'ledger-unknown', 'policy', 'disk', 'database',
] as const; // prettier-ignore
export type AlertKind = (typeof alertKinds)[number];
export const severities = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof severities)[number];
export const channelKinds = ['email', 'webhook', 'slack', 'teams', 'telegram', 'whatsapp'] as const;
export type ChannelKind = (typeof channelKinds)[number];

/** What a rule compares with, in the unit of its kind. */
export interface AlertThreshold {
  /** Percent, milliseconds, nano-dollars, days, or a count; absent where the kind compares with nothing. */
  value?: number;
  /** How long it must hold, or over how long it is measured. Seconds. */
  windowS?: number;
  period?: 'day' | 'month';
}

export interface AlertRule {
  id: string;
  owner: Owner;
  /** Null: it is called by what it says, in the reader's language. */
  name: string | null;
  kind: AlertKind;
  threshold: AlertThreshold;
  /** One connection alone; null is every one that the owner's rule can see. */
  connectionId: string | null;
  severity: Severity;
  /** Null is every active channel of the owner. */
  channelIds: readonly string[] | null;
  /** People are told again after this long while it lasts; null is once. Seconds. */
  repeatS: number | null;
  /** The same cause opens no new alert for this long after the last one ended. Seconds. */
  cooldownS: number;
  isAutoResolved: boolean;
  mutedUntilMs: number | null;
  isActive: boolean;
  createdBy: string | null;
  createdAtMs: number;
  updatedAtMs: number;
  revision: number;
}

/** What is not secret of a channel, by its kind. */
export interface ChannelSettings {
  /** E-mail: whom. */
  recipients?: readonly string[];
  /** Telegram: the chat's id or `@name`. */
  chatId?: string;
  /** WhatsApp gateway: the number or chat, and the names that the gateway gives to the two fields. */
  to?: string;
  toField?: string;
  textField?: string;
  /** The header that carries the gateway's token, `authorization`. */
  tokenHeader?: string;
}

export interface AlertChannel {
  id: string;
  owner: Owner;
  name: string;
  kind: ChannelKind;
  settings: ChannelSettings;
  /** Canonical, `https://hooks.example.com`; empty for e-mail. What the secret is bound to. */
  origin: string;
  hasSecret: boolean;
  language: Language;
  /** IANA name. */
  timeZone: string;
  trust: 'administrator' | 'member';
  isActive: boolean;
  createdBy: string | null;
  createdAtMs: number;
  updatedAtMs: number;
  revision: number;
}

/** The secret half of a channel, sealed as one JSON text. An address may hold a token in its path, so all of it is here. */
export interface ChannelSecret {
  url?: string;
  /** Telegram's bot token, or the gateway's. */
  token?: string;
  /** `whsec_...` (Standard Webhooks). */
  signingSecret?: string;
}

export interface MailServer {
  host: string;
  port: number;
  /** TLS from the first byte, by STARTTLS (required), or none. */
  security: 'tls' | 'starttls' | 'none';
  username: string | null;
  hasPassword: boolean;
  /** `Patchbay <patchbay@example.org>`. */
  sender: string;
  trust: 'administrator' | 'member';
  updatedAtMs: number;
  revision: number;
}

/** What the message says, in no language yet: raw numbers and names. */
export interface AlertDetails {
  /** Name of what it is about. */
  subject: string;
  /** Measured, in the unit of the kind. */
  value?: number;
  /** What it was compared with, in the same unit. */
  limit?: number;
  /** A code: the state of a connection, what a limit did, why a database is not well. */
  reason?: string;
  windowS?: number;
  period?: 'day' | 'month' | 'total';
}

export interface Alert {
  id: string;
  atMs: number;
  ruleId: string;
  ruleName: string | null;
  kind: AlertKind;
  severity: Severity;
  dedupKey: string;
  details: AlertDetails;
  owner: Owner;
  connectionId: string | null;
  acknowledgedAtMs: number | null;
  acknowledgedBy: string | null;
  note: string | null;
  notifiedAtMs: number | null;
  resolvedAtMs: number | null;
  resolvedBy: string | null;
  updatedAtMs: number;
}

export type AlertEvent = 'firing' | 'repeated' | 'resolved';

export interface KindRow {
  /** What `threshold.value` counts; null where there is none. */
  unit: 'percent' | 'ms' | 'nanoUsd' | 'times' | 'days' | 'count' | null;
  /** Of a new rule. */
  value: number | null;
  min: number;
  max: number;
  /** `hold`: so long it must last; `measure`: over so long it is measured; null: neither. */
  window: 'hold' | 'measure' | null;
  windowS: number;
  hasPeriod?: true;
  /** Only the installation has one. */
  isOrganizations?: true;
  /** May be told of one connection alone. */
  ofConnection?: true;
  /** Each instance sees its own, whatever the database does. */
  isLocal?: true;
  /** How often it is looked at; absent is at every look. Seconds. */
  everyS?: number;
}

const day = 86_400;

export const kindTable: Record<AlertKind, KindRow> = {
  'connection-failing': { unit: null, value: null, min: 0, max: 0, window: 'hold', windowS: 60, ofConnection: true },
  'error-rate': { unit: 'percent', value: 20, min: 1, max: 100, window: 'measure', windowS: 300, ofConnection: true },
  latency: { unit: 'ms', value: 10_000, min: 1, max: 3_600_000, window: 'measure', windowS: 300, ofConnection: true },
  spend: { unit: 'nanoUsd', value: 10_000_000_000, min: 1, max: Number.MAX_SAFE_INTEGER, window: null, windowS: 0, hasPeriod: true, ofConnection: true, everyS: 60 }, // prettier-ignore
  spike: { unit: 'times', value: 5, min: 2, max: 1000, window: null, windowS: 0, ofConnection: true, everyS: 300 },
  budget: { unit: 'percent', value: 80, min: 1, max: 100, window: null, windowS: 0, everyS: 60 },
  'key-age': { unit: 'days', value: 180, min: 1, max: 3650, window: null, windowS: 0, ofConnection: true, everyS: 300 },
  'price-band': { unit: null, value: null, min: 0, max: 0, window: null, windowS: 0, isOrganizations: true, everyS: 300 },
  'ledger-unknown': { unit: 'count', value: 1, min: 1, max: 1_000_000, window: 'measure', windowS: day, isOrganizations: true },
  policy: { unit: 'count', value: 10, min: 1, max: 1_000_000, window: 'measure', windowS: 900 },
  disk: { unit: 'percent', value: 10, min: 1, max: 99, window: 'hold', windowS: 60, isOrganizations: true, isLocal: true },
  database: { unit: 'ms', value: 1000, min: 1, max: 60_000, window: 'hold', windowS: 15, isOrganizations: true, isLocal: true },
};

/** The longest time over which something is measured or must hold. */
export const windowMaxS = 7 * day;

/** What every installation is told of from its first day on; without channels that is seen on the page alone. */
export const defaultRules: readonly Pick<AlertRule, 'kind' | 'threshold' | 'severity' | 'repeatS' | 'cooldownS'>[] = [
  { kind: 'connection-failing', threshold: { windowS: 60 }, severity: 'critical', repeatS: 14_400, cooldownS: 0 },
  { kind: 'error-rate', threshold: { value: 20, windowS: 300 }, severity: 'warning', repeatS: 14_400, cooldownS: 900 },
  { kind: 'budget', threshold: { value: 80 }, severity: 'warning', repeatS: null, cooldownS: 0 },
  { kind: 'spike', threshold: { value: 5 }, severity: 'warning', repeatS: null, cooldownS: 3600 },
  { kind: 'key-age', threshold: { value: 180 }, severity: 'info', repeatS: null, cooldownS: 0 },
  { kind: 'price-band', threshold: {}, severity: 'warning', repeatS: null, cooldownS: 0 },
  { kind: 'ledger-unknown', threshold: { value: 1, windowS: day }, severity: 'warning', repeatS: null, cooldownS: 3600 },
  { kind: 'policy', threshold: { value: 10, windowS: 900 }, severity: 'warning', repeatS: null, cooldownS: 900 },
  { kind: 'disk', threshold: { value: 10, windowS: 60 }, severity: 'critical', repeatS: 14_400, cooldownS: 0 },
  { kind: 'database', threshold: { value: 1000, windowS: 15 }, severity: 'critical', repeatS: 3600, cooldownS: 0 },
];
