/** Pages of the providers' usage and cost APIs as lines of the exports that they match: a page is checked, and taken apart. Pure. */
import { ExportFault, type Cells } from '../../domain/usage-export.ts';
import type { ExportFormat } from './formats.ts';

type Json = Readonly<Record<string, unknown>>;

/** One result of one bucket, with the name of its place for whoever must find it again. */
interface PageLine {
  cells: Cells;
  line: number;
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Text of a value as a cell has it; what is no plain value is no cell. */
function cellOf(value: unknown, line: number, column: string): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string' || typeof value === 'boolean') return String(value);
  // Beyond 2^53 a number has lost digits before anybody could read it.
  if (typeof value === 'number' && Math.abs(value) <= Number.MAX_SAFE_INTEGER) return String(value);
  throw new ExportFault('number', line, column);
}

const within = (value: Json, path: string): unknown =>
  path.split('.').reduce<unknown>((at, name) => (isObject(at) ? at[name] : undefined), value);

/** Where each column of the export lies in a result; `^` is of the bucket around it. */
const places: Readonly<Record<ExportFormat, Readonly<Record<string, string>>>> = {
  'openai-usage': { start_time: '^start_time', end_time: '^end_time' },
  'openai-cost': { start_time: '^start_time', end_time: '^end_time', amount_value: 'amount.value', amount_currency: 'amount.currency' },
  'anthropic-usage': {
    starting_at: '^starting_at',
    ending_at: '^ending_at',
    model_version: 'model',
    api_key: 'api_key_id',
    usage_type: 'service_tier',
    usage_input_tokens_no_cache: 'uncached_input_tokens',
    usage_input_tokens_cache_write_5m: 'cache_creation.ephemeral_5m_input_tokens',
    usage_input_tokens_cache_write_1h: 'cache_creation.ephemeral_1h_input_tokens',
    usage_input_tokens_cache_read: 'cache_read_input_tokens',
    usage_output_tokens: 'output_tokens',
  },
  'anthropic-cost': { starting_at: '^starting_at', ending_at: '^ending_at', usage_type: 'service_tier' },
};

/** A result's format by what only it has. */
function formatOf(result: Json, bucket: Json): ExportFormat | null {
  if ('start_time' in bucket) return 'amount' in result ? 'openai-cost' : 'input_tokens' in result ? 'openai-usage' : null;
  if (!('starting_at' in bucket)) return null;
  return 'uncached_input_tokens' in result ? 'anthropic-usage' : 'amount' in result ? 'anthropic-cost' : null;
}

/**
 * The lines of one page, or of a list of pages in their order. Lines are counted over all results, from 1.
 * @throws ExportFault also for pages of which the last says that there are more
 */
export function linesOfPages(parsed: unknown): { format: ExportFormat; lines: PageLine[] } {
  const pages = Array.isArray(parsed) ? parsed : [parsed];
  const lines: PageLine[] = [];
  let format: ExportFormat | null = null;
  for (const page of pages) {
    if (!isObject(page) || !Array.isArray(page['data'])) throw new ExportFault('unknown_columns', lines.length + 1, 'data');
    for (const bucket of page['data'] as unknown[]) {
      if (!isObject(bucket) || !Array.isArray(bucket['results'])) throw new ExportFault('unknown_columns', lines.length + 1, 'results');
      for (const result of bucket['results'] as unknown[]) {
        const line = lines.length + 1;
        const its = isObject(result) ? formatOf(result, bucket) : null;
        if (its === null || (format !== null && its !== format)) throw new ExportFault('unknown_columns', line, 'results');
        format = its;
        lines.push({ line, cells: cellsOf(its, result as Json, bucket, line) });
      }
    }
  }
  const last = pages.at(-1) as Json | undefined;
  if (last?.['has_more'] === true) throw new ExportFault('page_missing', lines.length, 'has_more');
  if (format === null) throw new ExportFault('empty', null, null);
  return { format, lines };
}

function cellsOf(format: ExportFormat, result: Json, bucket: Json, line: number): Cells {
  return (column) => {
    const place = places[format][column] ?? column;
    const value = place.startsWith('^') ? within(bucket, place.slice(1)) : within(result, place);
    // `amount` of OpenAI is an object whose parts are cells; as a whole it is none.
    return isObject(value) ? '' : cellOf(value, line, column);
  };
}
