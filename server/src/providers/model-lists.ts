/** Lists of models: read from any shape that providers answer, and built from the catalogue where there is no list. */
import type { ListedModel } from '../domain/probe.ts';
import type { ProviderRow } from './row.ts';
import { modelLimitOf } from './model-limits.ts';
import { finite, isRecord, list, member, text } from './shape.ts';

/** A longer list is cut: some aggregators list more than anyone can choose from. */
export const listedModelsMax = 5000;
export const modelIdCharsMax = 256;

function entriesOf(body: unknown): readonly unknown[] {
  if (Array.isArray(body)) return body;
  for (const key of ['data', 'models', 'result', 'items']) {
    const value = member(body, key);
    if (Array.isArray(value)) return value;
  }
  return [];
}

const positive = (...values: readonly unknown[]): number | undefined => {
  for (const value of values) {
    const number = finite(value);
    if (number !== undefined && number > 0 && Number.isInteger(number)) return number;
  }
  return undefined;
};

/**
 * Hugging Face's router names who serves a model, and how much each of them holds: whoever answers holds at least the least
 * (huggingface.co/docs/inference-providers/hub-api).
 */
function leastWindowOf(entry: unknown): number | undefined {
  const windows = list(member(entry, 'providers'))
    .filter((one) => member(one, 'status') !== 'error')
    .flatMap((one) => positive(member(one, 'context_length')) ?? []);
  return windows.length === 0 ? undefined : Math.min(...windows.slice(0, servingMax));
}

/** Of those who serve one model, no more are read. */
const servingMax = 100;

/** Google writes `models/gemini-2.5-pro` and takes `gemini-2.5-pro`. */
const withoutFolder = (id: string): string => (id.startsWith('models/') ? id.slice('models/'.length) : id);

function modelOf(entry: unknown): ListedModel | null {
  const raw = text(entry) ?? text(member(entry, 'id')) ?? text(member(entry, 'model')) ?? text(member(entry, 'name'));
  if (raw === undefined) return null;
  const id = withoutFolder(raw.trim());
  if (id === '' || id.length > modelIdCharsMax) return null;
  if (!isRecord(entry)) return { id };
  const limits = entry['limits'];
  const topProvider = entry['top_provider'];
  const name = text(entry['display_name']) ?? text(entry['displayName']) ?? text(entry['name']);
  const contextWindow = positive(
    entry['context_window'],
    entry['context_length'],
    entry['max_context_length'],
    entry['max_model_len'],
    entry['inputTokenLimit'],
    entry['max_input_tokens'],
    member(limits, 'max_input_tokens'),
    member(topProvider, 'context_length'),
    leastWindowOf(entry),
  );
  const maxOutputTokens = positive(
    entry['max_output_tokens'],
    entry['max_completion_tokens'],
    entry['outputTokenLimit'],
    entry['max_tokens'],
    member(limits, 'max_output_tokens'),
    member(topProvider, 'max_completion_tokens'),
  );
  const createdS = positive(entry['created']);
  return {
    id,
    ...(name !== undefined && name !== raw && { name: name.slice(0, modelIdCharsMax) }),
    ...(contextWindow !== undefined && { contextWindow }),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(createdS !== undefined && { createdS }),
  };
}

/** The models of an answer, each id once and in the provider's order; empty for a shape that is no list. */
export function modelsOf(body: unknown): ListedModel[] {
  const found = new Map<string, ListedModel>();
  for (const entry of entriesOf(body)) {
    if (found.size >= listedModelsMax) break;
    const model = modelOf(entry);
    if (model && !found.has(model.id)) found.set(model.id, model);
  }
  return [...found.values()];
}

/** TRUE where the answer has the shape of a list, also of an empty one: a probe tells these from a web page. */
export const isModelList = (body: unknown): boolean =>
  Array.isArray(body) || ['data', 'models', 'result', 'items'].some((key) => Array.isArray(member(body, key)));

/** What the catalogue suggests, with the limits it knows: the list where no live one can be had (C-24). */
export function catalogModels(row: ProviderRow): ListedModel[] {
  return row.models.suggested.map((id) => {
    const limit = modelLimitOf(id);
    return {
      id,
      ...(limit.contextWindow !== null && { contextWindow: limit.contextWindow }),
      ...(limit.maxOutputTokens !== null && { maxOutputTokens: limit.maxOutputTokens }),
    };
  });
}

/** What answers in the place of a retired model (C-06); null for a model that is not retired. */
export const replacementOf = (row: ProviderRow, model: string): string | null =>
  Object.hasOwn(row.retired, model) ? (row.retired[model] ?? null) : null;
