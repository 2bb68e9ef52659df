/** Models that a request names beside `model`, for its provider to fall back on: whatever holds for the first holds for them. */
import type { ModelPrices } from '../providers/prices.ts';
import { memberValue } from '../lib/json-scan.ts';
import { isRecord } from '../providers/shape.ts';
import type { GatewayDeps, Order } from './order.ts';
import type { Target } from './plan.ts';

/** OpenRouter's word for them (openrouter.ai/docs, model fallbacks); that of its Messages wire, of LiteLLM and of others. */
const fields = ['models', 'fallbacks'];
const none: readonly string[] = [];

/** In their order; none for most requests, which is found out without reading them. */
export function modelsBeside({ bytes, scan }: Order['request']): readonly string[] {
  const said = fields.filter((field) => scan.members.has(field));
  return said.length === 0 ? none : said.flatMap((field) => namesIn(memberValue(bytes, scan, field)));
}

/** A name, a list of names, or of objects that name one. In any other object everything may be a name. */
function namesIn(value: unknown, depth = 0): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null || depth > depthMax) return [];
  if (isRecord(value) && typeof value['model'] === 'string') return [value['model']];
  return Object.values(value).flatMap((inner: unknown) => namesIn(inner, depth + 1));
}
const depthMax = 3;

/** What every model that may answer costs, the one of the target first; null where one of the others has no known price. */
export function pricesBeside(deps: GatewayDeps, order: Order, target: Target, own: ModelPrices): ModelPrices[] | null {
  const others = modelsBeside(order.request).map((model) => deps.prices.pricesOf(target.row, model, target.connection?.id ?? null));
  return others.includes(null) ? null : [own, ...(others as ModelPrices[])];
}

/** The prices of whoever answered, where the provider says that it was one of the others. */
export function pricesOfAnswer(
  deps: GatewayDeps,
  order: Order,
  target: Target,
  own: ModelPrices | null,
  reported: string | null,
): ModelPrices | null {
  if (reported === null || reported === target.model || !modelsBeside(order.request).includes(reported)) return own;
  return deps.prices.pricesOf(target.row, reported, target.connection?.id ?? null);
}
