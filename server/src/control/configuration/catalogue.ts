/** Prices, templates and the settings of the whole installation in the configuration file. */
import { unfit } from '../../domain/errors.ts';
import { decimalUsdOf, nanoUsdOf } from '../../domain/money.ts';
import { isoOf, isoOrNull } from '../../lib/iso-time.ts';
import { aiSettingsOf } from '../../storage/ai-settings.ts';
import { healthSettingsOf } from '../../storage/health-settings.ts';
import { limitSettingsOf } from '../../storage/limits.ts';
import { nameKeyOf } from '../../storage/name-key.ts';
import { pricesNotOver } from '../../storage/prices.ts';
import { listTemplates } from '../../storage/templates.ts';
import { changeAiSettings } from '../ai-settings.ts';
import { changeHealthSettings } from '../health-settings.ts';
import { changeLimitSettings } from '../limit-settings.ts';
import { addPrice, endOwnPrice, judgePrice, replacePrice } from '../prices.ts';
import { addTemplate, changeTemplate, removeTemplate } from '../templates.ts';
import { byKey, type Context, type Current, type Kind } from './kind.ts';
import { keyOfName, nameInFile } from './names.ts';
import { referencesOf } from './references.ts';
import type { Configuration, PriceSpec, TemplateSpec } from './shapes.ts';

const priceKey = ({ provider, model, connection, validFrom }: PriceSpec): string =>
  [provider, model, connection === null ? '' : keyOfName(connection), Date.parse(validFrom)].join(' ');

/** One amount has many spellings: 2.5 and "2.50" are the same. */
function sameAmounts(tier: PriceSpec['tiers'][number]): object {
  const amounts = Object.entries(tier).map(([name, value]): [string, unknown] => [
    name,
    typeof value === 'string' ? (nanoUsdOf(value) ?? value) : value,
  ]);
  return Object.fromEntries(amounts);
}

const usdOrNull = (nano: number | undefined): string | null => (nano === undefined ? null : decimalUsdOf(nano));

/** When a price ends, by what the file says, and by what there is where it says nothing. */
function endOf({ validUntil }: PriceSpec, current: PriceSpec | null): number | null {
  const text = validUntil === undefined ? current?.validUntil : validUntil;
  return typeof text === 'string' ? Date.parse(text) : null;
}

const enteredOf = ({ names }: Context, { provider, model, connection, validFrom, tiers, note }: PriceSpec) => ({
  provider,
  model,
  tiers,
  note,
  connectionId: connection === null ? null : names.connectionId(connection),
  validFromMs: Date.parse(validFrom),
  // Whoever keeps prices in a file has looked at them.
  isConfirmed: true,
});

/** Prices that hold, or will. A price is never changed: another one takes its place, and what was priced before stays as it was. */
export const prices: Kind<PriceSpec> = {
  section: 'prices',
  async read({ deps, names }) {
    // The oldest first: of two that begin together the later one holds, here and where the file is applied.
    const specs = (await pricesNotOver(deps.database, deps.clock.nowMs())).flatMap((price): Current<PriceSpec>[] => {
      const connection = price.connectionId === null ? null : names.connectionName(price.connectionId);
      // Of a connection that is gone, or at another provider by now, it holds for nothing.
      if (price.connectionId !== null && deps.keeper.snapshot.connections.get(price.connectionId)?.providerId !== price.provider) return [];
      const tiers = price.tiers.map(({ fromTokensIn, prices: unit }) => ({
        fromTokensIn,
        input: decimalUsdOf(unit.input),
        output: decimalUsdOf(unit.output),
        cacheRead: usdOrNull(unit.cacheRead),
        cacheWrite: usdOrNull(unit.cacheWrite),
        cacheWriteHour: usdOrNull(unit.cacheWriteHour),
        audioInput: usdOrNull(unit.audioInput),
        audioOutput: usdOrNull(unit.audioOutput),
        cacheAudioRead: usdOrNull(unit.cacheAudioRead),
        perRequest: usdOrNull(unit.perRequest),
      }));
      const { id, provider, model, validFromMs, validUntilMs, note } = price;
      const times = { validFrom: isoOf(validFromMs), validUntil: isoOrNull(validUntilMs) };
      return [{ id, spec: { provider, model, connection, ...times, tiers, note } }];
    });
    return specs.toSorted(byKey(priceKey));
  },
  keyOf: priceKey,
  // A moment and an amount are compared by what they are, not by how they are written.
  comparable: ({ validUntil: _stays, ...spec }) => ({ ...spec, validFrom: Date.parse(spec.validFrom), tiers: spec.tiers.map(sameAmounts) }),
  isOver: ({ deps }, spec) => (endOf(spec, null) ?? Infinity) <= deps.clock.nowMs(),
  nameOf: ({ provider, model, validFrom }) => `${provider}/${model} from ${validFrom}`,
  references: ({ connection }) => (connection === null ? [] : referencesOf.connection(connection, ['connection'])),
  // Hidden is only an end that the file leaves out; one that cannot be set is told before anything is begun.
  async hiddenChanges(context, spec, current) {
    const untilMs = endOf(spec, current?.spec ?? null);
    if (untilMs !== null && untilMs <= Date.parse(spec.validFrom))
      throw unfit({ path: 'validUntil', code: 'order', message: 'a price ends after it begins' });
    // A connection that the file makes is not there yet.
    const about = current === null ? { ...spec, connection: null } : spec;
    await judgePrice(context.deps, enteredOf(context, about));
    return current !== null && untilMs !== endOf(current.spec, null) ? ['validUntil'] : [];
  },
  create: (context, spec) => addPrice(context.deps, context.caller, { ...enteredOf(context, spec), validUntilMs: endOf(spec, null) }),
  change(context, { id, spec: before }, spec) {
    const { deps, caller } = context;
    const validUntilMs = endOf(spec, before);
    // What ended by the file has no other in its place.
    if (validUntilMs !== null && validUntilMs <= deps.clock.nowMs()) return endOwnPrice(deps, caller, id, undefined);
    return replacePrice(deps, caller, id, { ...enteredOf(context, spec), validUntilMs });
  },
  remove: ({ deps, caller }, { id }) => endOwnPrice(deps, caller, id, undefined),
};

const templateKey = ({ provider, name }: TemplateSpec): string => `${provider}/${nameKeyOf(name)}`;
const enteredTemplate = ({ name, description, configuration, isDefault }: TemplateSpec) => ({
  name,
  description,
  configuration,
  isDefault,
});

export const templates: Kind<TemplateSpec> = {
  section: 'templates',
  async read({ deps }) {
    return (await listTemplates(deps.database, null))
      .map(({ id, providerId: provider, name, description, configuration, isDefault }): Current<TemplateSpec> => ({
        id,
        spec: { provider, name: nameInFile({ id, name }), description, configuration, isDefault },
      }))
      .toSorted(byKey(templateKey));
  },
  keyOf: templateKey,
  nameOf: ({ provider, name }) => `${provider} / ${name}`,
  references: () => [],
  create: ({ deps, caller }, spec) => addTemplate(deps, caller, spec.provider, enteredTemplate(spec)),
  change: ({ deps, caller }, { id }, spec) => changeTemplate(deps, caller, id, enteredTemplate(spec)),
  remove: ({ deps, caller }, { id }) => removeTemplate(deps, caller, id),
};

type AiSettingsSpec = NonNullable<Configuration['aiSettings']>;
type LimitSettingsSpec = NonNullable<Configuration['limitSettings']>;
type HealthSettingsSpec = NonNullable<Configuration['healthSettings']>;

/** Nothing where nobody ever saved them: a proposal applies to nobody. */
export const aiSettings: Kind<AiSettingsSpec> = {
  section: 'aiSettings',
  async read({ deps }) {
    const { maxTokens, temperature, isEnvironmentUsed, savedAtMs } = await aiSettingsOf(deps.database);
    return savedAtMs === null ? [] : [{ id: 'ai-settings', spec: { maxTokens, temperature, isEnvironmentUsed } }];
  },
  keyOf: () => '',
  nameOf: () => 'AI settings',
  references: () => [],
  create: ({ deps, caller }, spec) => changeAiSettings(deps, caller, spec),
  change: ({ deps, caller }, _current, spec) => changeAiSettings(deps, caller, spec),
};

export const limitSettings: Kind<LimitSettingsSpec> = {
  section: 'limitSettings',
  async read({ deps }) {
    const { timeZone, outputTokensCeiling } = await limitSettingsOf(deps.database);
    return [{ id: 'limit-settings', spec: { timeZone, outputTokensCeiling } }];
  },
  keyOf: () => '',
  nameOf: () => 'limit settings',
  references: () => [],
  create: ({ deps, caller }, spec) => changeLimitSettings(deps, caller, spec),
  change: ({ deps, caller }, _current, spec) => changeLimitSettings(deps, caller, spec),
};

export const healthSettings: Kind<HealthSettingsSpec> = {
  section: 'healthSettings',
  async read({ deps }) {
    const { everyS, way } = await healthSettingsOf(deps.database);
    return [{ id: 'health-settings', spec: { everySeconds: everyS, checkBy: way } }];
  },
  keyOf: () => '',
  nameOf: () => 'health-check settings',
  references: () => [],
  create: ({ deps, caller }, { everySeconds: everyS, checkBy: way }) => changeHealthSettings(deps, caller, { everyS, way }),
  change: ({ deps, caller }, _current, { everySeconds: everyS, checkBy: way }) => changeHealthSettings(deps, caller, { everyS, way }),
};
