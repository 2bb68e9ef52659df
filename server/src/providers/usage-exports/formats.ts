/** The vendors' exports of usage and cost, told apart by their columns, and how a line of each is read. Pure. */
import { ExportFault, nanoOf, type Cells, type ExportFaultCode, type ExportLine, type ExportMeasure } from '../../domain/usage-export.ts';

export type ExportFormat = 'openai-usage' | 'openai-cost' | 'anthropic-usage' | 'anthropic-cost';

interface FormatSpec {
  provider: 'openai' | 'anthropic';
  measure: ExportMeasure;
  /** Columns without which it is another file. Whatever else there is may be there. */
  needs: readonly string[];
  /** A line without model and figures tells of nothing but its time, as vendors write one for a day without use. */
  read(cells: Cells, line: number): ExportLine;
}

const textCharsMax = 255;
const spanMsMax = 86_400_000;
const tokensMax = 1e15;
const minuteMs = 60_000;

const fail = (code: ExportFaultCode, line: number, column: string): never => {
  throw new ExportFault(code, line, column);
};

/** A whole number, also as `1000.0`; three digits after a point are thousands somewhere, and refused. An empty cell is 0. */
function countOf(cells: Cells, line: number, column: string): number {
  const text = cells(column).trim();
  if (text === '') return 0;
  if (!/^\d{1,16}(?:\.0)?$/.test(text)) return fail('number', line, column);
  const value = Number(text);
  return value <= tokensMax ? value : fail('number', line, column);
}

function textOf(cells: Cells, line: number, column: string): string {
  const text = cells(column).trim();
  if (text.length > textCharsMax || /\p{Cc}/u.test(text)) return fail('too_long', line, column);
  return text;
}

function amountOf(cells: Cells, line: number, column: string, scale = 0): number {
  return nanoOf(cells(column), scale) ?? fail('number', line, column);
}

/** Seconds since 1970; anything else is not OpenAI's. */
function secondsOf(cells: Cells, line: number, column: string): number {
  const text = cells(column).trim();
  return /^\d{9,10}$/.test(text) ? Number(text) * 1000 : fail('time', line, column);
}

const day = /^(\d{4}-\d{2}-\d{2})$/;
const clockTime = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2}(?:\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?$/;

/** A moment. A time without a zone is taken for UTC only where the column itself says so. */
function momentOf(cells: Cells, line: number, column: string, isUtc: boolean): { atMs: number; isDay: boolean } {
  const text = cells(column).trim();
  const time = clockTime.exec(text);
  if (!day.test(text) && !time) return fail('time', line, column);
  if (time && time[4] === undefined && !isUtc) return fail('zone', line, column);
  const whole = time ? `${time[1]}T${time[2]}${time[3] ?? ':00'}${time[4] ?? 'Z'}` : `${text}T00:00:00Z`;
  const atMs = Date.parse(whole);
  // `Date` takes the 31st of June for the 1st of July.
  const isReal =
    !Number.isNaN(atMs) && new Date(Date.parse(`${whole.slice(0, 10)}T00:00:00Z`)).toISOString().startsWith(whole.slice(0, 10));
  return isReal ? { atMs, isDay: time === null } : fail('time', line, column);
}

function spanOf(fromMs: number, toMs: number, line: number, column: string): { fromMs: number; toMs: number } {
  // A longer span cannot be laid over days, and one that ends before it begins is no span.
  return toMs > fromMs && toMs - fromMs <= spanMsMax ? { fromMs, toMs } : fail('span', line, column);
}

const openAiSpan = (cells: Cells, line: number) =>
  spanOf(secondsOf(cells, line, 'start_time'), secondsOf(cells, line, 'end_time'), line, 'end_time');

function anthropicSpan(cells: Cells, line: number): { fromMs: number; toMs: number } {
  if (cells('starting_at') !== '') {
    const from = momentOf(cells, line, 'starting_at', false);
    return spanOf(from.atMs, momentOf(cells, line, 'ending_at', false).atMs, line, 'ending_at');
  }
  const { atMs, isDay } = momentOf(cells, line, 'usage_date_utc', true);
  return { fromMs: atMs, toMs: atMs + (isDay ? spanMsMax : minuteMs) };
}

const noFigures = {
  keyName: '',
  model: '',
  isBatch: false,
  requests: 0,
  tokensIn: 0,
  tokensCached: 0,
  tokensCacheWrite: 0,
  tokensOut: 0,
  costNanoUsd: 0,
};

function flagOf(cells: Cells, line: number, column: string): boolean {
  const text = cells(column).trim().toLowerCase();
  if (text === 'true' || text === '1') return true;
  return text === '' || text === 'false' || text === '0' ? false : fail('number', line, column);
}

function currencyOf(cells: Cells, line: number, column: string): void {
  if (cells(column).trim().toLowerCase() !== 'usd') fail('currency', line, column);
}

/** `input_tokens` of OpenAI holds the cached ones, and leaves sound apart. */
function readOpenAiUsage(cells: Cells, line: number): ExportLine {
  const span = openAiSpan(cells, line);
  const figures = {
    requests: countOf(cells, line, 'num_model_requests'),
    tokensIn: countOf(cells, line, 'input_tokens') + countOf(cells, line, 'input_audio_tokens'),
    tokensCached: countOf(cells, line, 'input_cached_tokens'),
    tokensOut: countOf(cells, line, 'output_tokens') + countOf(cells, line, 'output_audio_tokens'),
  };
  const model = textOf(cells, line, 'model');
  if (figures.requests + figures.tokensIn + figures.tokensOut === 0) return { ...noFigures, ...span };
  // Without the model its lines are sums over all of them, and nothing could be held against them.
  if (model === '') fail('missing', line, 'model');
  return { ...noFigures, ...span, ...figures, keyName: textOf(cells, line, 'api_key_id'), model, isBatch: flagOf(cells, line, 'batch') };
}

/** `line_item` is `<model>, <what of it>`; without it an amount is of the whole organization. */
function readOpenAiCost(cells: Cells, line: number): ExportLine {
  const span = openAiSpan(cells, line);
  if (cells('amount_value').trim() === '') return { ...noFigures, ...span };
  currencyOf(cells, line, 'amount_currency');
  const costNanoUsd = amountOf(cells, line, 'amount_value');
  if (costNanoUsd === 0) return { ...noFigures, ...span };
  const item = textOf(cells, line, 'line_item');
  if (item === '') fail('missing', line, 'line_item');
  const [model = '', what = ''] = item.split(/,\s*/);
  const isBatch = /\bbatch\b/i.test(what);
  return { ...noFigures, ...span, keyName: textOf(cells, line, 'api_key_id'), model: model.trim(), isBatch, costNanoUsd };
}

/** Anthropic tells the three kinds of prompt tokens apart; our books count the prompt as a whole. */
function readAnthropicUsage(cells: Cells, line: number): ExportLine {
  const span = anthropicSpan(cells, line);
  const written =
    countOf(cells, line, 'usage_input_tokens_cache_write_5m') +
    countOf(cells, line, 'usage_input_tokens_cache_write_1h') +
    countOf(cells, line, 'usage_input_tokens_cache_write');
  const cached = countOf(cells, line, 'usage_input_tokens_cache_read');
  const figures = {
    tokensIn: countOf(cells, line, 'usage_input_tokens_no_cache') + written + cached,
    tokensCached: cached,
    tokensCacheWrite: written,
    tokensOut: countOf(cells, line, 'usage_output_tokens'),
  };
  const model = textOf(cells, line, 'model_version');
  if (figures.tokensIn + figures.tokensOut === 0) return { ...noFigures, ...span };
  if (model === '') fail('missing', line, 'model_version');
  const isBatch = textOf(cells, line, 'usage_type').toLowerCase() === 'batch';
  return { ...noFigures, ...span, ...figures, keyName: textOf(cells, line, 'api_key'), model, isBatch };
}

function readAnthropicCost(cells: Cells, line: number): ExportLine {
  const span = anthropicSpan(cells, line);
  const isInCents = cells('amount') !== '';
  if (isInCents) currencyOf(cells, line, 'currency');
  const costNanoUsd = isInCents ? amountOf(cells, line, 'amount', -2) : amountOf(cells, line, 'cost_usd');
  if (costNanoUsd === 0) return { ...noFigures, ...span };
  const model = textOf(cells, line, 'model');
  const isBatch = textOf(cells, line, 'usage_type').toLowerCase() === 'batch';
  return { ...noFigures, ...span, keyName: textOf(cells, line, 'api_key'), model, isBatch, costNanoUsd };
}

/**
 * Columns as the vendors' exports have them. OpenAI: the dashboard's "Export" of usage and of costs, and `/v1/organization/usage/completions`
 * and `/costs`. Anthropic: the console's exports of usage and of cost, and `/v1/organizations/usage_report/messages` and `/cost_report`.
 */
export const exportFormats: Readonly<Record<ExportFormat, FormatSpec>> = {
  'openai-usage': {
    provider: 'openai',
    measure: 'tokens',
    needs: ['start_time', 'end_time', 'model', 'input_tokens', 'output_tokens'],
    read: readOpenAiUsage,
  },
  'openai-cost': {
    provider: 'openai',
    measure: 'cost',
    needs: ['start_time', 'end_time', 'amount_value', 'amount_currency', 'line_item'],
    read: readOpenAiCost,
  },
  'anthropic-usage': {
    provider: 'anthropic',
    measure: 'tokens',
    needs: ['usage_date_utc', 'model_version', 'usage_input_tokens_no_cache', 'usage_output_tokens'],
    read: readAnthropicUsage,
  },
  'anthropic-cost': { provider: 'anthropic', measure: 'cost', needs: ['usage_date_utc', 'model', 'cost_usd'], read: readAnthropicCost },
};

/** Which export has these columns; the faults of a line that cannot be one of any. */
export function formatOfColumns(columns: readonly string[]): ExportFormat {
  const has = new Set(columns);
  const found = Object.entries(exportFormats).find(([, { needs }]) => needs.every((name) => has.has(name)));
  if (!found) throw new ExportFault('unknown_columns', 1, columns.slice(0, 8).join(', ').slice(0, textCharsMax));
  return found[0] as ExportFormat;
}
