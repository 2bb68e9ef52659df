/** What a channel's form holds, which fields each kind has, and what is sent. */
import type { AlertChannelChange, AlertChannelCreate, AlertChannelView, ChannelKindName } from '@patchbay/contract/alerts';
import { isBlank } from '@patchbay/contract/blank';
import { ownerOf, placeOf } from './rule-values.ts';

export interface ChannelValues {
  of: string;
  kind: ChannelKindName;
  name: string;
  /** One per line. */
  recipients: string;
  url: string;
  token: string;
  signingSecret: string;
  chatId: string;
  to: string;
  toField: string;
  textField: string;
  tokenHeader: string;
  language: 'en' | 'id';
  timeZone: string;
  isActive: boolean;
}

export type ChannelField = 'recipients' | 'url' | 'token' | 'signingSecret' | 'chatId' | 'to' | 'toField' | 'textField' | 'tokenHeader';
export type ChannelFault = ChannelField | 'name' | 'timeZone';

/** The fields of a kind, in the order of the page. */
export const fieldsOf: Record<ChannelKindName, readonly ChannelField[]> = {
  email: ['recipients'],
  webhook: ['url', 'signingSecret'],
  slack: ['url'],
  teams: ['url'],
  telegram: ['token', 'chatId'],
  whatsapp: ['url', 'token', 'to', 'toField', 'textField', 'tokenHeader'],
};

/** Kept by the server and not shown again: empty means that it stays. */
export const secretFields: readonly ChannelField[] = ['url', 'token', 'signingSecret'];
const needed: ReadonlySet<ChannelField> = new Set(['recipients', 'url', 'chatId', 'to']);

export const newChannel = (of: string, language: 'en' | 'id', timeZone: string): ChannelValues => ({
  of,
  kind: 'email',
  name: '',
  recipients: '',
  url: '',
  token: '',
  signingSecret: '',
  chatId: '',
  to: '',
  toField: 'to',
  textField: 'message',
  tokenHeader: 'authorization',
  language,
  timeZone,
  isActive: true,
});

export const valuesOf = (channel: AlertChannelView): ChannelValues => ({
  ...newChannel(placeOf(channel), channel.language, channel.timeZone),
  kind: channel.kind,
  name: channel.name,
  recipients: channel.recipients.join('\n'),
  chatId: channel.chatId ?? '',
  to: channel.to ?? '',
  toField: channel.toField ?? 'to',
  textField: channel.textField ?? 'message',
  tokenHeader: channel.tokenHeader ?? 'authorization',
  isActive: channel.isActive,
});

const addressForm = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;
const addressesOf = (text: string): string[] =>
  text
    .split(/[\s,;]+/)
    .map((one) => one.trim())
    .filter((one) => one !== '');

export function faultsOf(values: ChannelValues, isNew: boolean): ChannelFault[] {
  const fields = fieldsOf[values.kind];
  const isNeeded = (field: ChannelField): boolean =>
    needed.has(field) || (field === 'token' && values.kind === 'telegram') ? isNew || !secretFields.includes(field) : false;
  const missing = fields.filter((field) => isNeeded(field) && values[field].trim() === '');
  const addresses = addressesOf(values.recipients);
  const isMailWrong = values.kind === 'email' && (addresses.length === 0 || !addresses.every((one) => addressForm.test(one)));
  return [
    ...(isBlank(values.name) ? ['name' as const] : []),
    ...new Set([...missing, ...(isMailWrong ? ['recipients' as const] : [])]),
    ...(values.timeZone.trim() === '' ? ['timeZone' as const] : []),
  ];
}

function sentOf(values: ChannelValues) {
  const fields = fieldsOf[values.kind];
  const texts = fields
    .filter((field) => field !== 'recipients' && values[field].trim() !== '')
    .map((field) => [field, values[field].trim()]);
  return {
    name: values.name.trim(),
    ...(values.kind === 'email' && { recipients: addressesOf(values.recipients) }),
    ...(Object.fromEntries(texts) as Partial<Record<Exclude<ChannelField, 'recipients'>, string>>),
    language: values.language,
    timeZone: values.timeZone.trim(),
    isActive: values.isActive,
  };
}

export const createOf = (values: ChannelValues): AlertChannelCreate => ({ ...ownerOf(values.of), kind: values.kind, ...sentOf(values) });
export const changeOf = (values: ChannelValues, revision: number): AlertChannelChange => ({ ...sentOf(values), revision });
