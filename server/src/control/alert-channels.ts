/** What people do with alert channels: list, make, change, delete and try. What a channel sends with is sealed, and never shown again. */
import { changesBetween } from '../domain/audit.ts';
import type { AlertChannel, ChannelKind, ChannelSecret, ChannelSettings } from '../domain/alert.ts';
import type { AlertMessage } from '../domain/alert-text.ts';
import { Refusal, unfit, type FieldFault } from '../domain/errors.ts';
import { isAdministrator, ownerKey, type Actor, type Language, type Owner } from '../domain/owner.ts';
import { placeOfChannel } from '../domain/sealing.ts';
import { zoneOf, UnreadableRange } from '../domain/usage-range.ts';
import { EgressUrlError } from '../egress/url.ts';
import { isUuid } from '../lib/ids.ts';
import { lastDeliveries, type AlertDelivery } from '../storage/alert-deliveries.ts';
import {
  channelById,
  channelsMax,
  deleteChannel as deletion,
  insertChannel,
  staleChannel,
  updateChannel,
  type StoredChannel,
} from '../storage/alert-channels.ts';
import type { Statement } from '../storage/driver.ts';
import type { ObjectState } from '../storage/object-revisions.ts';
import { SecretUnreadable } from '../vault/vault.ts';
import { maySeeAlerts, requireAlertOwner, requireAlertRight } from './alert-access.ts';
import { writeAudit } from '../storage/changes.ts';
import { channelInput, channelState } from './alert-channel-states.ts';
import { auditEntry, commit, keptState, type Caller, type Deed } from './change.ts';
import { refuseStale, type Expected } from './conflict.ts';
import type { ControlDeps } from './deps.ts';
import { scrubSecrets } from './scrub.ts';
import { openBox, sealingKeyOf } from './secrets.ts';
import { againWhileStale, notFound, refusing, stale } from './stale.ts';

/** What came of a message. */
export interface Sent {
  isSent: boolean;
  code: string | null;
  answer: string;
}

/** What a channel is kept with. */
export type ChannelRoom = ControlDeps & Pick<AlertSendRoom, 'judgeUrl'>;

export interface AlertSendRoom extends ControlDeps {
  /** Whether the way out leads there, as far as that can be known without asking. */
  judgeUrl(url: URL, trust: 'administrator' | 'member'): { allowed: true } | { allowed: false; allowEntry: string | null };
  /** Sends one message now and says what came of it. */
  sendAlert(channel: AlertChannel, letter: { id: string; recipient: string; message: AlertMessage }): Promise<Sent>;
  alertPageUrl(): string;
}

const subjectType = 'alert_channel';
const telegramOrigin = 'https://api.telegram.org';
const signingSecretBytes = 32;
const lastDeliveryMs = 30 * 86_400_000;
const whsecForm = /^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/;

export interface ChannelInput {
  name?: string;
  recipients?: readonly string[];
  url?: string;
  token?: string;
  signingSecret?: string;
  chatId?: string;
  to?: string;
  toField?: string;
  textField?: string;
  tokenHeader?: string;
  language?: Language;
  timeZone?: string;
  isActive?: boolean;
  /** All of its settings are named: what is not is gone. Secrets that are not named stay all the same. */
  isWhole?: boolean;
}

/** What each kind takes, and what it cannot do without. */
const fieldsOf: Record<ChannelKind, { takes: readonly (keyof ChannelInput)[]; needs: readonly (keyof ChannelInput)[] }> = {
  email: { takes: ['recipients'], needs: ['recipients'] },
  webhook: { takes: ['url', 'signingSecret'], needs: ['url'] },
  slack: { takes: ['url'], needs: ['url'] },
  teams: { takes: ['url'], needs: ['url'] },
  telegram: { takes: ['token', 'chatId', 'url'], needs: ['token', 'chatId'] },
  whatsapp: { takes: ['url', 'token', 'to', 'toField', 'textField', 'tokenHeader'], needs: ['url', 'to'] },
};
const ofKinds = ['recipients', 'url', 'token', 'signingSecret', 'chatId', 'to', 'toField', 'textField', 'tokenHeader'] as const;
const inSettings = ['recipients', 'chatId', 'to', 'toField', 'textField', 'tokenHeader'] as const;

const deedOn = (action: string, channel: AlertChannel, changes: Deed['changes'] = null): Deed => ({
  action,
  subjectType,
  subjectId: channel.id,
  subjectName: channel.name,
  owner: channel.owner,
  changes,
});

/** All that the actor may see, the oldest first, with what was delivered last. */
export async function listChannels(
  { database, keeper, clock }: Pick<ControlDeps, 'database' | 'keeper' | 'clock'>,
  actor: Actor,
): Promise<{ channel: AlertChannel; last: AlertDelivery | undefined }[]> {
  const channels = [...keeper.snapshot.alerting.channels.values()]
    .filter(({ owner }) => maySeeAlerts(actor, owner))
    .toSorted((a, b) => a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1));
  const last = await lastDeliveries(
    database,
    channels.map(({ id }) => id),
    clock.nowMs() - lastDeliveryMs,
  );
  return channels.map((channel) => ({ channel, last: last.get(channel.id) }));
}

/** @throws Refusal NOT_FOUND, FORBIDDEN as C-50 says */
export async function channelFor(
  deps: ControlDeps,
  caller: Caller,
  id: string,
  need: 'see' | 'change',
  action: string,
): Promise<StoredChannel> {
  const stored = isUuid(id) ? await channelById(deps.database, id) : undefined;
  await requireAlertRight(deps, caller, stored?.channel, need, { action, subjectType, id });
  return stored!;
}

/** @throws Refusal SECRET_UNREADABLE */
async function openSecret(deps: ControlDeps, { channel, sealed }: StoredChannel): Promise<ChannelSecret> {
  if (sealed === null) return {};
  try {
    const opened = await openBox(deps, placeOfChannel(channel), sealed);
    return JSON.parse(opened.reveal()) as ChannelSecret;
  } catch (cause) {
    if (cause instanceof SecretUnreadable) throw new Refusal('SECRET_UNREADABLE', { cause });
    throw cause;
  }
}

/** What is sealed of each kind. */
export const secretsOfKind: Record<ChannelKind, readonly ('url' | 'token' | 'signingSecret')[]> = {
  email: [],
  webhook: ['url', 'signingSecret'],
  slack: ['url'],
  teams: ['url'],
  telegram: ['token'],
  whatsapp: ['url', 'token'],
};

/** What stays beside the secrets that are entered. Where it does not open, all of it is entered anew. @throws Refusal SECRET_UNREADABLE */
async function keptSecret(deps: ControlDeps, stored: StoredChannel, input: ChannelInput): Promise<ChannelSecret> {
  try {
    return await openSecret(deps, stored);
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'SECRET_UNREADABLE') throw error;
    const { kind, origin } = stored.channel;
    const needed = [...secretsOfKind[kind], ...(kind === 'telegram' && origin !== telegramOrigin ? (['url'] as const) : [])];
    const missing = needed.filter((name) => input[name] === undefined);
    if (missing.length === 0) return {};
    const details = missing.map((path) => ({ path, code: 'required', message: 'enter it again: the stored one does not open' }));
    throw new Refusal('SECRET_UNREADABLE', { cause: error, details });
  }
}

const urlReasons: Readonly<Record<string, string>> = { scheme: 'begin with https:// or http://', port: 'this port is not for webhooks' };

/** A webhook's address: like a target's, but with a query, which gateways put their tokens into. */
function readUrl(deps: ChannelRoom, text: string, trust: AlertChannel['trust']): { url: URL } | { fault: FieldFault } {
  const [plain = '', ...query] = text.split('?');
  try {
    const { url } = deps.checkTargetUrl(plain);
    if (query.length > 0) url.search = query.join('?');
    const verdict = deps.judgeUrl(url, trust);
    if (verdict.allowed) return { url };
    const entry = verdict.allowEntry === null ? '' : `: an administrator can allow ${verdict.allowEntry} with PATCHBAY_EGRESS_ALLOW`;
    return { fault: { path: 'url', code: 'egress_blocked', message: `this address is private${entry}` } };
  } catch (error) {
    if (!(error instanceof EgressUrlError)) throw error;
    return { fault: { path: 'url', code: error.reason, message: urlReasons[error.reason] ?? 'no address that a channel can have' } };
  }
}

interface Settled {
  channel: AlertChannel;
  secret: ChannelSecret;
  /** Made here, and to be shown this once. */
  madeSecret: string | null;
}

function fieldFaults(kind: ChannelKind, input: ChannelInput, isNew: boolean): FieldFault[] {
  const { takes, needs } = fieldsOf[kind];
  const foreign = ofKinds.filter((name) => input[name] !== undefined && !takes.includes(name));
  const needed = isNew ? needs : input.isWhole ? needs.filter((name) => inSettings.some((one) => one === name)) : [];
  const missing = needed.filter((name) => input[name] === undefined || input[name] === '');
  return [
    ...foreign.map((path) => ({ path, code: 'not_of_this_kind', message: `a channel of this kind has no ${path}` })),
    ...missing.map((path) => ({ path, code: 'required', message: 'a channel of this kind needs it' })),
    ...(input.recipients?.length === 0 ? [{ path: 'recipients', code: 'required', message: 'name at least one address' }] : []),
    ...(input.signingSecret !== undefined && !whsecForm.test(input.signingSecret)
      ? [{ path: 'signingSecret', code: 'invalid', message: 'whsec_ and 24 to 64 bytes in base64' }]
      : []),
    ...(input.tokenHeader !== undefined && !headerForm.test(input.tokenHeader)
      ? [{ path: 'tokenHeader', code: 'invalid', message: 'authorization, or a header of its own that begins with x-' }]
      : []),
  ];
}

/** Headers that decide where a request goes or how long it is are not a token's business. */
const headerForm = /^(?:authorization|x-[a-z0-9-]+|apikey|api-key|token)$/i;

function zoneFaults(timeZone: string | undefined): FieldFault[] {
  try {
    zoneOf(timeZone);
    return [];
  } catch (error) {
    if (!(error instanceof UnreadableRange)) throw error;
    return [{ path: 'timeZone', code: 'unknown_zone', message: 'an IANA name such as Asia/Jakarta' }];
  }
}

/** The channel and its secret after an input, or every fault at its field. @throws Refusal VALIDATION_ERROR, SECRET_REQUIRED_FOR_NEW_ORIGIN */
function settle(
  deps: ChannelRoom,
  caller: Caller,
  before: AlertChannel,
  known: ChannelSecret,
  input: ChannelInput,
  isNew: boolean,
): Settled {
  const faults = [...fieldFaults(before.kind, input, isNew), ...zoneFaults(input.timeZone)];
  const isTrusted = before.owner.scope === 'organization' && isAdministrator(caller.actor);
  const trust = isNew || input.url !== undefined ? (isTrusted ? 'administrator' : 'member') : before.trust;
  const read = input.url === undefined ? null : readUrl(deps, input.url, trust);
  if (read && 'fault' in read) faults.push(read.fault);
  const settings: ChannelSettings = {
    ...(input.isWhole ? {} : before.settings),
    ...Object.fromEntries(inSettings.filter((name) => input[name] !== undefined).map((name) => [name, input[name]])),
    ...(input.tokenHeader === undefined ? {} : { tokenHeader: input.tokenHeader.toLowerCase() }),
  };
  if (faults.length > 0) throw unfit(...faults);
  const url = read && 'url' in read ? read.url : null;
  const origin = url?.origin ?? (before.kind === 'telegram' && isNew ? telegramOrigin : before.origin);
  const kept = (name: 'token' | 'signingSecret'): boolean => input[name] === undefined && known[name] !== undefined;
  // A token that was given for one address does not go to another one by a change of the address alone.
  if (!isNew && origin !== before.origin && (kept('token') || kept('signingSecret'))) {
    const path = kept('token') ? 'token' : 'signingSecret';
    throw new Refusal('SECRET_REQUIRED_FOR_NEW_ORIGIN', {
      values: { origin: before.origin },
      details: [{ path, code: 'required_for_new_origin', message: `enter it again: the stored one belongs to ${before.origin}` }],
    });
  }
  const isMade = before.kind === 'webhook' && isNew && input.signingSecret === undefined;
  const madeSecret = isMade ? `whsec_${Buffer.from(deps.ids.bytes(signingSecretBytes)).toString('base64')}` : null;
  const signingSecret = input.signingSecret ?? madeSecret ?? known.signingSecret;
  const address = url === null ? known.url : before.kind === 'telegram' ? url.origin : url.href;
  const token = input.token ?? known.token;
  const { name = before.name, language = before.language, timeZone = before.timeZone, isActive = before.isActive } = input;
  return {
    channel: { ...before, name, language, timeZone, isActive, settings, origin, trust, hasSecret: before.kind !== 'email' },
    secret: { ...(address && { url: address }), ...(token && { token }), ...(signingSecret && { signingSecret }) },
    madeSecret,
  };
}

/** A mail channel has nothing to seal: its server's password is the installation's. */
async function seal(deps: ControlDeps, { channel, secret }: Settled): Promise<{ stored: StoredChannel; steps: Statement[] }> {
  if (channel.kind === 'email') return { stored: { channel, sealed: null }, steps: [] };
  const { key, steps } = await sealingKeyOf(deps, channel.owner);
  return { stored: { channel, sealed: deps.vault.seal(JSON.stringify(secret), placeOfChannel(channel), key) }, steps };
}

function audited({ channel }: StoredChannel): Record<string, unknown> {
  const { id: _id, createdBy: _by, createdAtMs: _at, updatedAtMs: _updated, revision: _revision, hasSecret: _has, ...fields } = channel;
  return fields;
}

export interface SavedChannel {
  channel: AlertChannel;
  signingSecret: string | null;
}

/** @throws Refusal NOT_FOUND, FORBIDDEN, VALIDATION_ERROR */
export async function createChannel(
  deps: ChannelRoom,
  caller: Caller,
  { scope, workspaceId, kind, ...input }: ChannelInput & { scope: Owner['scope']; workspaceId?: string; kind: ChannelKind; name: string },
): Promise<SavedChannel> {
  const owner = await requireAlertOwner(deps, caller, { scope, workspaceId }, subjectType);
  const { channels } = deps.keeper.snapshot.alerting;
  if ([...channels.values()].filter((one) => ownerKey(one.owner) === ownerKey(owner)).length >= channelsMax)
    throw unfit({ path: 'name', code: 'too_many', message: `one owner has at most ${channelsMax} channels` });
  const nowMs = deps.clock.nowMs();
  const person = deps.keeper.snapshot.people.get(caller.actor.userId);
  const blank: AlertChannel = {
    id: deps.ids.uuid(),
    owner,
    name: input.name,
    kind,
    settings: {},
    origin: '',
    hasSecret: false,
    language: caller.actor.language,
    timeZone: person?.timeZone ?? 'UTC',
    trust: 'member',
    isActive: true,
    createdBy: caller.actor.userId,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    revision: 0,
  };
  const settled = settle(deps, caller, blank, {}, input, true);
  const { stored, steps } = await seal(deps, settled);
  const deed = deedOn('alert_channel.create', stored.channel, changesBetween({}, audited(stored)));
  const state = keptState(null, null, channelState(stored.channel));
  await commit(deps, caller, [...steps, insertChannel(deps.database, stored)], { ...deed, state });
  return { channel: (await mustFind(deps, stored.channel.id)).channel, signingSecret: settled.madeSecret };
}

/** Changes what is named; never the kind or the owner. @throws Refusal NOT_FOUND, FORBIDDEN, VALIDATION_ERROR, SECRET_UNREADABLE, CONFLICT, STALE */
export function changeChannel(
  deps: ChannelRoom,
  caller: Caller,
  id: string,
  input: ChannelInput,
  expected?: Expected<AlertChannel>,
): Promise<SavedChannel> {
  return againWhileStale(async () => {
    const before = await channelFor(deps, caller, id, 'change', 'alert_channel.update');
    const { revision } = before.channel;
    await refuseStale(deps, expected, { row: before.channel, revision, type: subjectType, id });
    const isSealing = ['url', 'token', 'signingSecret'].some((name) => input[name as keyof ChannelInput] !== undefined);
    const settled = settle(deps, caller, before.channel, isSealing ? await keptSecret(deps, before, input) : {}, input, false);
    settled.channel.updatedAtMs = deps.clock.nowMs();
    const { stored, steps } = isSealing
      ? await seal(deps, settled)
      : { stored: { channel: settled.channel, sealed: before.sealed }, steps: [] };
    const changes = { ...changesBetween(audited(before), audited(stored)), ...(isSealing ? { secret: {} } : {}) };
    const state = keptState(before.channel, channelState(before.channel), channelState(stored.channel));
    const deed = { ...deedOn('alert_channel.update', stored.channel, changes), state };
    await refusing(commit(deps, caller, [...steps, updateChannel(deps.database, stored, revision)], deed), { [staleChannel]: stale });
    if (isSealing) await scrubSecrets(deps);
    return { channel: (await mustFind(deps, id)).channel, signingSecret: settled.madeSecret };
  });
}

/** Brings a kept state back, judged and carried out on one and the same state of the channel. @throws Refusal as a change does */
export async function restoreChannel(deps: ChannelRoom, caller: Caller, id: string, state: ObjectState): Promise<SavedChannel> {
  const { channel } = await channelFor(deps, caller, id, 'change', 'alert_channel.update');
  return changeChannel(deps, caller, id, channelInput(channel, state), { revision: channel.revision, show: () => null });
}

/** Lets whoever may change it see what it was. @throws Refusal NOT_FOUND, FORBIDDEN as C-50 says */
export const requireHistory = (deps: ControlDeps, caller: Caller, id: string): Promise<StoredChannel> =>
  channelFor(deps, caller, id, 'change', 'alert_channel.history');

/** What waits for it is given up; what it was sent stays in the log. @throws Refusal NOT_FOUND, FORBIDDEN */
export async function deleteChannel(deps: ControlDeps, caller: Caller, id: string): Promise<void> {
  const { channel } = await channelFor(deps, caller, id, 'change', 'alert_channel.delete');
  const step = deletion(deps.database, id, deps.clock.nowMs());
  const deed = { ...deedOn('alert_channel.delete', channel), state: keptState(channel, channelState(channel), null) };
  await refusing(commit(deps, caller, [step], deed), { [staleChannel]: notFound });
  await scrubSecrets(deps);
}

/** Sends a test to every receiver of the channel, and says what the first that refused said. @throws Refusal NOT_FOUND, FORBIDDEN */
export async function testChannel(deps: AlertSendRoom, caller: Caller, id: string): Promise<Sent> {
  const { channel } = await channelFor(deps, caller, id, 'change', 'alert_channel.test');
  const message: AlertMessage = { event: 'test', alert: null, atMs: deps.clock.nowMs(), url: deps.alertPageUrl() };
  const recipients = channel.kind === 'email' ? (channel.settings.recipients ?? []) : [''];
  const sent = await Promise.all(recipients.map((recipient) => deps.sendAlert(channel, { id: deps.ids.uuid(), recipient, message })));
  const answer = sent.find(({ isSent }) => !isSent) ?? sent[0] ?? { isSent: false, code: 'no_recipient', answer: '' };
  await writeAudit(deps.database, auditEntry(deps, caller, deedOn('alert_channel.test', channel), answer.isSent ? 'success' : 'failed'));
  return answer;
}

async function mustFind(deps: ControlDeps, id: string): Promise<StoredChannel> {
  const stored = await channelById(deps.database, id);
  if (!stored) throw notFound();
  return stored;
}
