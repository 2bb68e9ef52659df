/** Alert channels and rules in the configuration file. */
import { kindTable, type AlertChannel, type AlertRule, type ChannelSecret } from '../../domain/alert.ts';
import { placeOfChannel } from '../../domain/sealing.ts';
import { unfit } from '../../domain/errors.ts';
import { channelById } from '../../storage/alert-channels.ts';
import { nameKeyOf } from '../../storage/name-key.ts';
import { changeChannel, createChannel, deleteChannel, secretsOfKind, type ChannelInput } from '../alert-channels.ts';
import { changeRule, createRule, deleteRule, shownValue, type RuleInput } from '../alert-rules.ts';
import { actingFor, removingFor } from '../operator-connections.ts';
import { SecretUnreadable } from '../../vault/vault.ts';
import type { Caller } from '../change.ts';
import { openBox } from '../secrets.ts';
import type { AlertChannelSpec, AlertRuleSpec } from './alert-shapes.ts';
import { byKey, type Context, type Current, type Kind, type Reference } from './kind.ts';
import { keyOfName, nameInFile, ownerKeyOfText } from './names.ts';
import { referencesOf } from './references.ts';
import { elsewhere, unopened, unreadable } from './unreadable.ts';
import { variableOf } from './variables.ts';

const secretFields = ['url', 'token', 'signingSecret'] as const;
const suffixes = { url: 'URL', token: 'TOKEN', signingSecret: 'SIGNING_SECRET' } as const;

const callerFor = (context: Context, owner: string): Caller => actingFor(context.deps, context.caller, context.names.ownerOf(owner));

const removerFor = (context: Context, owner: string): Caller => removingFor(context.deps, context.caller, context.names.ownerOf(owner));

/** The words by which a new thing names its owner. */
function placed({ names }: Context, owner: string): { scope: 'user' | 'workspace' | 'organization'; workspaceId?: string } {
  const { scope, id } = names.ownerOf(owner);
  return scope === 'workspace' ? { scope, workspaceId: id } : { scope };
}

/** Null where it does not open: one such channel ends neither an export nor what is applied beside it. */
async function storedSecret({ deps }: Context, id: string): Promise<ChannelSecret | null> {
  const stored = await channelById(deps.database, id);
  if (!stored || stored.sealed === null) return {};
  try {
    const opened = await openBox(deps, placeOfChannel(stored.channel), stored.sealed);
    return JSON.parse(opened.reveal()) as ChannelSecret;
  } catch (error) {
    if (error instanceof SecretUnreadable) return null;
    throw error;
  }
}

async function specOf(context: Context, channel: AlertChannel): Promise<AlertChannelSpec> {
  const { kind, settings, language, timeZone, isActive } = channel;
  const name = nameInFile(channel);
  const secret = await storedSecret(context, channel.id);
  const owner = context.names.ownerText(channel.owner);
  const reference = (field: (typeof secretFields)[number]): string | null =>
    // What is in a box that does not open is not known: all that its kind has is asked for.
    (secret === null ? !secretsOfKind[kind].includes(field) : secret[field] === undefined)
      ? null
      : `env:${variableOf('ALERT', { owner, name }, suffixes[field])}`;
  return {
    name,
    owner,
    kind,
    recipients: [...(settings.recipients ?? [])],
    url: reference('url'),
    token: reference('token'),
    signingSecret: reference('signingSecret'),
    chatId: settings.chatId ?? null,
    to: settings.to ?? null,
    toField: settings.toField ?? null,
    textField: settings.textField ?? null,
    tokenHeader: settings.tokenHeader ?? null,
    language,
    timeZone,
    isActive,
  };
}

/** What the file asks of the secrets. One that cannot be read here is kept where there is one. @throws Refusal where there is none */
async function secretsOf(
  context: Context,
  spec: AlertChannelSpec,
  id: string | null,
): Promise<Pick<ChannelInput, (typeof secretFields)[number]>> {
  const stored = id === null ? {} : await storedSecret(context, id);
  const references = secretFields.filter((field) => spec[field] !== null);
  const values = new Map(references.map((field) => [field, context.secrets.get(spec[field] ?? '')]));
  const isKnown = [...values.values()].some((value) => value !== undefined);
  const before = id === null ? undefined : context.deps.keeper.snapshot.alerting.channels.get(id)?.origin;
  const url = values.get('url');
  // What is kept belongs to the address before; of the same texts for another one the file must be able to say each.
  const isMoved = before !== undefined && url !== undefined && URL.parse(url)?.origin !== before;
  const input: Pick<ChannelInput, (typeof secretFields)[number]> = {};
  for (const [field, value] of values) {
    const isLost = stored === null ? isKnown || isMoved : stored[field] === undefined || (isMoved && field !== 'url');
    if (value === undefined && isLost)
      throw unreadable(field, spec[field] ?? '', stored === null ? unopened : isMoved ? elsewhere : undefined);
    if (value !== undefined && (value !== stored?.[field] || isMoved)) input[field] = value;
  }
  return input;
}

/** Only what is said: each kind takes its own fields, and refuses those of others. */
function inputOf(spec: AlertChannelSpec, secrets: ChannelInput): ChannelInput & { name: string } {
  const { name, recipients, language, timeZone, isActive } = spec;
  const said: ChannelInput = {};
  for (const field of ['chatId', 'to', 'toField', 'textField', 'tokenHeader'] as const) {
    const value = spec[field];
    if (value !== null) said[field] = value;
  }
  return { name, ...(recipients.length === 0 ? {} : { recipients }), ...said, ...secrets, language, timeZone, isActive, isWhole: true };
}

export const alertChannels: Kind<AlertChannelSpec> = {
  section: 'alertChannels',
  async read(context) {
    const currents: Current<AlertChannelSpec>[] = [];
    for (const channel of context.deps.keeper.snapshot.alerting.channels.values())
      currents.push({ id: channel.id, spec: await specOf(context, channel) });
    return currents.toSorted(byKey(keyOfName));
  },
  keyOf: keyOfName,
  nameOf: ({ owner, name }) => (owner === 'organization' ? name : `${name} (${owner})`),
  references: ({ owner }) => referencesOf.owner(owner),
  // Secrets are compared by what they are, where the file names them.
  comparable: ({ url: _url, token: _token, signingSecret: _signing, ...spec }) => spec,
  hiddenChanges: async (context, spec, current) => Object.keys(await secretsOf(context, spec, current?.id ?? null)),
  async create(context, spec) {
    const input = inputOf(spec, await secretsOf(context, spec, null));
    return createChannel(context.deps, callerFor(context, spec.owner), { ...placed(context, spec.owner), kind: spec.kind, ...input });
  },
  async change(context, { id, spec: before }, spec) {
    // Its kind never changes: another one is another thing, of which past deliveries say nothing.
    if (before.kind !== spec.kind)
      throw unfit({ path: 'kind', code: 'fixed', message: 'the kind never changes; give the other one another name' });
    return changeChannel(context.deps, callerFor(context, spec.owner), id, inputOf(spec, await secretsOf(context, spec, id)));
  },
  remove: (context, { id, spec }) => deleteChannel(context.deps, removerFor(context, spec.owner), id),
};

const ruleKey = ({ owner, kind, name, connection }: AlertRuleSpec): string =>
  [ownerKeyOfText(owner), kind, name === null ? '' : nameKeyOf(name), connection === null ? '' : keyOfName(connection)].join(' ');

function ruleSpec({ deps, names }: Context, rule: AlertRule): AlertRuleSpec | null {
  const connection = rule.connectionId === null ? null : names.connectionName(rule.connectionId);
  if (rule.connectionId !== null && connection === null) return null;
  const { channels } = deps.keeper.snapshot.alerting;
  const { kind, name, threshold, severity, channelIds, repeatS, cooldownS, isAutoResolved, isActive } = rule;
  return {
    kind,
    name,
    owner: names.ownerText(rule.owner),
    value: shownValue(kind, threshold.value),
    windowS: threshold.windowS ?? null,
    period: threshold.period ?? null,
    connection,
    severity,
    channels: channelIds === null ? null : channelIds.flatMap((id) => [channels.get(id) ?? []].flat().map(nameInFile)),
    repeatS,
    cooldownS,
    isAutoResolved,
    isActive,
  };
}

function ruleInput({ deps, names }: Context, spec: AlertRuleSpec): RuleInput {
  const { name, value, windowS, period, severity, repeatS, cooldownS, isAutoResolved, isActive } = spec;
  const known = [...deps.keeper.snapshot.alerting.channels.values()];
  const idOf = (wanted: string): string =>
    known.find((one) => names.ownerText(one.owner) === spec.owner && nameKeyOf(nameInFile(one)) === nameKeyOf(wanted))?.id ?? wanted;
  return {
    name,
    value,
    windowS,
    period,
    connectionId: spec.connection === null ? null : names.connectionId(spec.connection),
    severity,
    channelIds: spec.channels === null ? null : spec.channels.map(idOf),
    repeatS,
    cooldownS,
    isAutoResolved,
    isActive,
  };
}

export const alertRules: Kind<AlertRuleSpec> = {
  section: 'alertRules',
  async read(context) {
    const rules = [...context.deps.keeper.snapshot.alerting.rules.values()];
    const specs = rules.flatMap((rule): Current<AlertRuleSpec>[] => {
      const spec = ruleSpec(context, rule);
      return spec === null ? [] : [{ id: rule.id, spec }];
    });
    return specs.toSorted(byKey(ruleKey));
  },
  keyOf: ruleKey,
  nameOf: ({ owner, kind, name }) => `${name ?? kind}${owner === 'organization' ? '' : ` (${owner})`}`,
  references: ({ owner, connection, channels }): Reference[] => [
    ...referencesOf.owner(owner),
    ...(connection === null ? [] : referencesOf.connection(connection, ['connection'])),
    ...(channels ?? []).map((name, index): Reference => ({
      kind: 'alertChannels',
      key: keyOfName({ owner, name }),
      path: ['channels', index],
      told: `alert channel ${name} of ${owner}`,
    })),
  ],
  // What is not said is what the kind says.
  comparable(spec) {
    const row = kindTable[spec.kind];
    return {
      ...spec,
      value: String(spec.value ?? shownValue(spec.kind, row.value ?? undefined)),
      windowS: spec.windowS ?? (row.window === null ? null : row.windowS),
      period: spec.period ?? (row.hasPeriod ? 'day' : null),
    };
  },
  create: (context, spec) =>
    createRule(context.deps, callerFor(context, spec.owner), {
      ...placed(context, spec.owner),
      kind: spec.kind,
      ...ruleInput(context, spec),
    }),
  change: (context, { id }, spec) => changeRule(context.deps, callerFor(context, spec.owner), id, ruleInput(context, spec)),
  remove: (context, { id, spec }) => deleteRule(context.deps, removerFor(context, spec.owner), id),
};
