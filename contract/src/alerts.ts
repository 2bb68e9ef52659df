/** The shapes of alerts: what is going on, the rules that say so, the channels that tell it, and what was delivered. */
import { z } from 'zod';
import { atLeastOneField, atLeastOneFieldFault, revisionNumber } from './connections.ts';
import { isoTime, pageOf, paging } from './paging.ts';
import { idText, nameText, pathId, plainText, trimmedText } from './text.ts';

export const alertKindNames = [
  'connection-failing', 'error-rate', 'latency', 'spend', 'spike', 'budget', 'key-age', 'price-band', 'ledger-unknown', 'policy', 'disk', 'database',
] as const; // prettier-ignore
export const alertSeverityNames = ['info', 'warning', 'critical'] as const;
export const channelKindNames = ['email', 'webhook', 'slack', 'teams', 'telegram', 'whatsapp'] as const;
export const alertScopes = ['user', 'workspace', 'organization'] as const;
export const channelRecipientsMax = 20;
export type AlertKindName = (typeof alertKindNames)[number];
export type AlertSeverityName = (typeof alertSeverityNames)[number];
export type ChannelKindName = (typeof channelKindNames)[number];

const severity = z.enum(alertSeverityNames);
const named = z.object({ id: z.string(), name: z.string() });
const place = { scope: z.enum(alertScopes), workspace: named.nullable() };
/** US dollars as a decimal text, any other unit as a number. */
const amount = z.union([z.number(), z.string()]);
const seconds = z.number().int().min(0).max(2_592_000);

/** Whose it is: the caller's own, a workspace's, or the installation's. */
const owner = { scope: z.enum(alertScopes).default('user'), workspaceId: idText.optional() };
const timeZone = z.string().min(1).max(64);

export const alertRule = z.object({
  id: z.string(),
  ...place,
  /** Null: it is called by what it says. */
  name: z.string().nullable(),
  kind: z.enum(alertKindNames),
  value: amount.nullable(),
  windowS: z.number().nullable(),
  period: z.enum(['day', 'month']).nullable(),
  connection: named.nullable(),
  severity,
  /** Null is every channel of the owner. */
  channelIds: z.array(z.string()).nullable(),
  repeatS: z.number().nullable(),
  cooldownS: z.number(),
  isAutoResolved: z.boolean(),
  mutedUntil: isoTime.nullable(),
  isActive: z.boolean(),
  canChange: z.boolean(),
  createdAt: isoTime,
  updatedAt: isoTime,
  revision: z.number(),
});
export type AlertRuleView = z.output<typeof alertRule>;

const ruleFields = {
  name: nameText.nullish(),
  value: z.union([z.string().max(40), z.number()]).nullish(),
  windowS: seconds.nullish(),
  period: z.enum(['day', 'month']).nullish(),
  connectionId: idText.nullish(),
  severity: severity.optional(),
  channelIds: z.array(idText).max(50).nullish(),
  repeatS: seconds.min(60).nullish(),
  cooldownS: seconds.max(604_800).optional(),
  isAutoResolved: z.boolean().optional(),
  isActive: z.boolean().optional(),
};
export const alertRuleCreate = z.strictObject({ ...owner, kind: z.enum(alertKindNames), ...ruleFields });
export const alertRuleChange = z
  .strictObject({ ...ruleFields, revision: revisionNumber.optional() })
  .refine(atLeastOneField, atLeastOneFieldFault);
/** Until when nobody is told; null ends it. */
export const alertRuleMute = z.strictObject({ until: z.iso.datetime({ offset: true }).nullable() });
export const alertRuleAnswer = z.object({ success: z.literal(true), data: alertRule });
export const alertRulesAnswer = z.object({ success: z.literal(true), data: z.array(alertRule) });
export const alertPreviewAnswer = z.object({
  success: z.literal(true),
  data: z.object({
    days: z.number(),
    /** How often it would have fired; null where the past does not say. */
    times: z.number().nullable(),
  }),
});
export type AlertRuleCreate = z.input<typeof alertRuleCreate>;
export type AlertRuleChange = z.input<typeof alertRuleChange>;

export const alertChannel = z.object({
  id: z.string(),
  ...place,
  name: z.string(),
  kind: z.enum(channelKindNames),
  /** Where it leads: addresses, or the origin with the rest masked. */
  destination: z.string(),
  recipients: z.array(z.string()),
  chatId: z.string().nullable(),
  to: z.string().nullable(),
  toField: z.string().nullable(),
  textField: z.string().nullable(),
  tokenHeader: z.string().nullable(),
  language: z.enum(['en', 'id']),
  timeZone: z.string(),
  isActive: z.boolean(),
  canChange: z.boolean(),
  lastDelivery: z.object({ at: isoTime, state: z.enum(['waiting', 'sent', 'given_up']), errorCode: z.string().nullable() }).nullable(),
  createdAt: isoTime,
  updatedAt: isoTime,
  revision: z.number(),
});
export type AlertChannelView = z.output<typeof alertChannel>;

const fieldName = z.string().regex(/^[A-Za-z][\w.-]{0,63}$/);
const channelFields = {
  name: nameText.optional(),
  recipients: z.array(z.email().max(320)).max(channelRecipientsMax).optional(),
  /** The whole address, which may hold a token: it is sealed and never shown again. */
  url: plainText(1, 2048).optional(),
  token: plainText(1, 4096).optional(),
  /** `whsec_` and 24 to 64 bytes in base64; made by the house where none is given. */
  signingSecret: plainText(1, 200).optional(),
  chatId: trimmedText(1, 100).optional(),
  to: trimmedText(1, 100).optional(),
  toField: fieldName.optional(),
  textField: fieldName.optional(),
  tokenHeader: fieldName.optional(),
  language: z.enum(['en', 'id']).optional(),
  timeZone: timeZone.optional(),
  isActive: z.boolean().optional(),
};
export const alertChannelCreate = z.strictObject({ ...owner, kind: z.enum(channelKindNames), ...channelFields, name: nameText });
export const alertChannelChange = z
  .strictObject({ ...channelFields, revision: revisionNumber.optional() })
  .refine(atLeastOneField, atLeastOneFieldFault);
/** With the signing secret of a webhook where the house made one: it is shown this once. */
export const alertChannelAnswer = z.object({
  success: z.literal(true),
  data: alertChannel.extend({ signingSecret: z.string().nullable() }),
});
export const alertChannelsAnswer = z.object({
  success: z.literal(true),
  data: z.array(alertChannel),
  /** Whether mail can be sent at all. */
  isMailReady: z.boolean(),
});
export type AlertChannelCreate = z.input<typeof alertChannelCreate>;
export type AlertChannelChange = z.input<typeof alertChannelChange>;

/** What the receiver said; `answer` is its own words without secrets. */
export const sentAnswer = z.object({
  success: z.literal(true),
  data: z.object({ isSent: z.boolean(), errorCode: z.string().nullable(), answer: z.string() }),
});
export type SentView = z.output<typeof sentAnswer>['data'];

export const mailServer = z.object({
  host: z.string(),
  port: z.number(),
  security: z.enum(['tls', 'starttls', 'none']),
  username: z.string().nullable(),
  hasPassword: z.boolean(),
  sender: z.string(),
  updatedAt: isoTime,
  revision: z.number(),
});
export type MailServerView = z.output<typeof mailServer>;
export const mailServerAnswer = z.object({ success: z.literal(true), data: mailServer.nullable() });
export const mailServerPut = z.strictObject({
  host: z
    .string()
    .trim()
    .min(1)
    .max(253)
    .regex(/^[A-Za-z0-9.:_-]+$/),
  port: z.number().int().min(1).max(65_535),
  security: z.enum(['tls', 'starttls', 'none']),
  username: plainText(1, 255).nullish(),
  /** Absent keeps the stored one, where server, port and name stay; null takes it away. */
  password: plainText(1, 1024).nullish(),
  sender: trimmedText(3, 255),
  revision: revisionNumber.optional(),
});
export type MailServerPut = z.input<typeof mailServerPut>;
export const mailTest = z.strictObject({ to: z.email().max(320) });

export const alert = z.object({
  id: z.string(),
  at: isoTime,
  kind: z.enum(alertKindNames),
  severity,
  /** In the caller's language. */
  headline: z.string(),
  explanation: z.string().nullable(),
  ruleId: z.string(),
  ruleName: z.string().nullable(),
  ...place,
  connectionId: z.string().nullable(),
  acknowledgedAt: isoTime.nullable(),
  acknowledgedBy: named.nullable(),
  note: z.string().nullable(),
  resolvedAt: isoTime.nullable(),
  resolvedBy: named.nullable(),
  mutedUntil: isoTime.nullable(),
  canChange: z.boolean(),
});
export type AlertView = z.output<typeof alert>;

export const alertsQuery = paging.extend({
  state: z.enum(['active', 'resolved']).optional(),
  severity: severity.optional(),
  connectionId: idText.optional(),
  ruleId: idText.optional(),
});
export const alertsAnswer = pageOf(alert);
export const alertCountAnswer = z.object({
  success: z.literal(true),
  data: z.object({ active: z.number(), unacknowledged: z.number() }),
});
export const alertDelivery = z.object({
  id: z.string(),
  alertId: z.string(),
  channelId: z.string(),
  channelName: z.string(),
  recipient: z.string(),
  event: z.enum(['firing', 'repeated', 'resolved']),
  attempts: z.number(),
  state: z.enum(['waiting', 'sent', 'given_up']),
  errorCode: z.string().nullable(),
  answer: z.string().nullable(),
  createdAt: isoTime,
  nextAt: isoTime.nullable(),
  finishedAt: isoTime.nullable(),
});
export type AlertDeliveryView = z.output<typeof alertDelivery>;
export const alertAnswer = z.object({ success: z.literal(true), data: alert.extend({ deliveries: z.array(alertDelivery) }) });
export const alertNote = z.strictObject({ note: trimmedText(0, 1000).optional() });
export const alertParams = z.object({ id: pathId });
/** Of one channel or of one alert. */
export const deliveriesQuery = paging.extend({ channelId: idText.optional(), alertId: idText.optional() });
export const deliveriesAnswer = pageOf(alertDelivery);
