/** This face says "provider" with the name of its slug; models carry what the catalogue knows of them. */
import type { Model, Provider, Template } from '@patchbay/contract/providers';
import type { Models } from '../../control/connection-models.ts';
import { defaultProviderId, type ProviderRow } from '../../providers/catalog.ts';
import type { ListedModel } from '../../domain/probe.ts';
import { decimalUsdOf } from '../../domain/money.ts';
import type { Clock } from '../../lib/clock.ts';
import { hintOf } from '../../providers/hints.ts';
import { modelAbilitiesOf } from '../../providers/model-abilities.ts';
import { aliasOf, isRetired, lifecycleOf } from '../../providers/model-lifecycle.ts';
import { modelLimitOf } from '../../providers/model-limits.ts';
import { replacementOf } from '../../providers/model-lists.ts';
import type { ModelPrices, PriceBook } from '../../providers/prices.ts';
import type { Template as KnownTemplate } from '../../control/templates.ts';

export const fromRow = (row: ProviderRow): Provider => ({
  name: row.id,
  displayName: row.name,
  aiType: row.aiType,
  requiresApiKey: row.needsSecret,
  requiresBaseUrl: row.baseUrl === null && !row.isInternal,
  defaultBaseUrl: row.baseUrl,
  isLocal: row.isLocal,
  isDefault: row.id === defaultProviderId,
  capabilities: [...row.capabilities],
  models: { default: row.models.default, suggested: [...row.models.suggested], retired: Object.keys(row.retired) },
  keyPage: row.keyPage,
  keyPrefix: row.keyPrefix,
  keyHint: row.keyHint,
  docs: row.docs,
});

/** What a model's entry is told from besides its list. */
interface Sources {
  prices: PriceBook;
  clock: Clock;
}

const usdOrNull = (nano: number | undefined): string | null => (nano === undefined ? null : decimalUsdOf(nano));

function priceOf(book: ModelPrices | null): Model['price'] {
  const prices = book?.tiers[0]?.prices;
  if (!prices) return null;
  return {
    input: decimalUsdOf(prices.input),
    output: decimalUsdOf(prices.output),
    cacheRead: usdOrNull(prices.cacheRead),
    cacheWrite: usdOrNull(prices.cacheWrite),
    isTiered: book.tiers.length > 1,
  };
}

/** What the provider says goes before what the house knows; what nobody says is null, and never a guess. */
function fromModel(sources: Sources, { row, connectionId }: Models, model: ListedModel): Model {
  const abilities = modelAbilitiesOf(model.id);
  const limit = modelLimitOf(model.id);
  const book = row ? sources.prices.pricesOf(row, model.id, connectionId) : null;
  const listed = row ? sources.prices.catalogueOf(row, model.id) : null;
  const lifecycle = row ? lifecycleOf(row, model.id) : null;
  return {
    id: model.id,
    name: model.name ?? model.id,
    contextWindow: model.contextWindow ?? limit.contextWindow ?? listed?.contextWindow ?? null,
    maxOutputTokens: model.maxOutputTokens ?? limit.maxOutputTokens,
    isRetired: row !== undefined && isRetired(row, model.id, sources.clock.nowMs()),
    retiresOn: lifecycle?.retiresOn ?? null,
    replacement: (row ? replacementOf(row, model.id) : null) ?? lifecycle?.replacement ?? null,
    aliasOf: row ? aliasOf(row, model.id) : null,
    input: abilities ? [...abilities.input] : null,
    output: abilities ? [...abilities.output] : null,
    tools: abilities?.tools ?? null,
    reasoning: abilities?.reasoning ?? null,
    structuredOutput: abilities?.structuredOutput ?? null,
    price: priceOf(book),
  };
}

export const fromModels = (sources: Sources, list: Models) => ({
  models: list.models.map((model) => fromModel(sources, list, model)),
  ...fromSource(list),
});

const fromSource = ({ source, fetchedAtMs, fault }: Models) => ({
  source,
  fetchedAt: fetchedAtMs === null ? null : new Date(fetchedAtMs).toISOString(),
  errorCode: fault === null ? null : hintOf(fault).errorCode,
});

export const fromTemplate = (template: KnownTemplate): Template => ({
  id: template.id,
  provider: template.providerId,
  name: template.name,
  description: template.description,
  configuration: template.configuration,
  isDefault: template.isDefault,
  purpose: template.purpose,
  createdAt: template.createdAtMs === null ? null : new Date(template.createdAtMs).toISOString(),
  revision: template.revision,
});
