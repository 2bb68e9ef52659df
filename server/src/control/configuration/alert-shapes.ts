/** Alert channels and rules as the configuration file has them. */
import { alertChannelCreate, alertRuleCreate, mailServerPut } from '@patchbay/contract/alerts';
import { nameText, plainText } from '@patchbay/contract/text';
import { z } from 'zod';
import { alertKinds, channelKinds, severities } from '../../domain/alert.ts';
import { connectionName, ownerText, secretReference } from './reference-shapes.ts';

const reference = secretReference.nullable().default(null);
const text = (max: number) => plainText(1, max).nullable().default(null);

const { shape: ofChannels } = alertChannelCreate;
const { shape: ofRules } = alertRuleCreate;

/** Where it leads may hold a token, so the address is a reference like the secrets. One that is not named stays what it is. */
export const alertChannel = z.strictObject({
  name: nameText,
  owner: ownerText.default('organization'),
  kind: z.enum(channelKinds),
  recipients: ofChannels.recipients.unwrap().default([]),
  url: reference,
  token: reference,
  signingSecret: reference,
  chatId: text(100),
  to: text(100),
  toField: ofChannels.toField.unwrap().nullable().default(null),
  textField: ofChannels.textField.unwrap().nullable().default(null),
  tokenHeader: ofChannels.tokenHeader.unwrap().nullable().default(null),
  language: z.enum(['en', 'id']).default('en'),
  timeZone: plainText(1, 100).default('UTC'),
  isActive: z.boolean().default(true),
});

export const alertRule = z.strictObject({
  kind: z.enum(alertKinds),
  name: text(255),
  owner: ownerText.default('organization'),
  /** In the unit of the kind; null is the kind's own. */
  value: z
    .union([z.number(), z.string().max(40)])
    .nullable()
    .default(null),
  windowS: ofRules.windowS.unwrap().default(null),
  period: z.enum(['day', 'month']).nullable().default(null),
  /** Null is every connection that the owner has. */
  connection: connectionName.nullable().default(null),
  severity: z.enum(severities).default('warning'),
  /** Names of channels of the same owner; null is every active one. */
  channels: z.array(nameText).max(100).nullable().default(null),
  repeatS: ofRules.repeatS.unwrap().default(null),
  cooldownS: ofRules.cooldownS.unwrap().default(0),
  isAutoResolved: z.boolean().default(true),
  isActive: z.boolean().default(true),
});

export const mailServer = mailServerPut.omit({ username: true, password: true, revision: true }).extend({
  username: plainText(1, 255).nullable().default(null),
  password: reference,
});

export type MailServerSpec = z.output<typeof mailServer>;
export type AlertChannelSpec = z.output<typeof alertChannel>;
export type AlertRuleSpec = z.output<typeof alertRule>;
