/** The list of models as the Messages wire has it: pages with cursors, and its own names for what a model can do. */
import { isoOf } from '../../lib/iso-time.ts';
import type { Json } from '../../providers/shape.ts';

/** What this list needs to know of a model. */
interface Model {
  id: string;
  created: number;
  name?: string;
  context_window: number | null;
  max_output_tokens: number | null;
  capabilities: { input_modalities: readonly string[]; reasoning: boolean; structured_output: boolean } | null;
}

const supported = (isSupported: boolean): Json => ({ supported: isSupported });

/** One model. Capabilities are null where nothing is known, and hold only what is. */
export function modelInfoOf({ id, created, name, capabilities, ...limits }: Model): Json {
  return {
    type: 'model',
    id,
    display_name: name ?? id,
    created_at: isoOf(created * 1000),
    max_input_tokens: limits.context_window,
    max_tokens: limits.max_output_tokens,
    capabilities: capabilities && {
      image_input: supported(capabilities.input_modalities.includes('image')),
      pdf_input: supported(capabilities.input_modalities.includes('file')),
      structured_outputs: supported(capabilities.structured_output),
      thinking: supported(capabilities.reasoning),
    },
  };
}

const pageDefault = 20;
const pageMax = 1_000;

/** One page: after a cursor, or before one, in the order of the list. A cursor that names nothing begins at the beginning. */
export function modelPageOf(models: readonly Model[], query: URLSearchParams): Json {
  const limit = Math.min(pageMax, Math.max(1, Math.trunc(Number(query.get('limit') ?? pageDefault)) || pageDefault));
  const at = (name: string): number => models.findIndex(({ id }) => id === query.get(name));
  const before = query.has('before_id') ? at('before_id') : -1;
  const from = before >= 0 ? Math.max(0, before - limit) : at('after_id') + 1;
  const to = before >= 0 ? before : Math.min(models.length, from + limit);
  const data = models.slice(from, to).map(modelInfoOf);
  const hasMore = before >= 0 ? from > 0 : to < models.length;
  return { data, has_more: hasMore, first_id: data[0]?.['id'] ?? null, last_id: data.at(-1)?.['id'] ?? null };
}
