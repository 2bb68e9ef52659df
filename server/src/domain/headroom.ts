/** What a provider says of its own rate limits: the headers of its answers, in their several notations, as one kind of fact. */

export type HeadroomMeasure = 'requests' | 'tokens' | 'input_tokens' | 'output_tokens';
export type HeadroomWindow = 'second' | 'minute' | 'hour' | 'day' | 'month';

/** One limit of a provider, as it was said with one answer. */
export interface Headroom {
  measure: HeadroomMeasure;
  /** Null where the provider does not say over which time it counts. */
  window: HeadroomWindow | null;
  /** TRUE for a limit of the provider's project, beside that of the organization. */
  isOfProject: boolean;
  limit: number | null;
  remaining: number | null;
  /** When it is whole again; null where nothing readable was said. */
  resetAtMs: number | null;
}

export type LimitHeaders = Readonly<Record<string, string>>;

/** Whether a header is worth keeping for this. */
export const isLimitHeader = (name: string): boolean => name.includes('ratelimit') || name.includes('tokenlimit');

const figuresMax = 12;
const second = 1000;
const unitsMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: second,
  m: 60 * second,
  h: 3_600 * second,
  d: 86_400 * second,
};
const duration = /^(?:\d{1,9}(?:\.\d{1,9})?(?:ns|us|µs|ms|s|m|h|d))+$/;
const durationPart = /(\d{1,9}(?:\.\d{1,9})?)(ns|us|µs|ms|s|m|h|d)/g;
const plain = /^\d{1,15}(?:\.\d{1,9})?$/;
/** Larger numbers are moments, not waits: seconds since 1970, and milliseconds. */
const momentsFrom = 1_000_000_000;
const momentsMsFrom = 100_000_000_000;

/**
 * A moment from a provider's `reset`: `6m0s`, `12ms`, `1.5` (seconds), `1790553600` (seconds since 1970), the same in milliseconds, RFC
 * 3339 (Anthropic) or an HTTP date. Null for anything else: a wrong moment would mislead more than none.
 */
export function resetMsOf(text: string, seenAtMs: number): number | null {
  if (duration.test(text)) {
    let ms = 0;
    for (const [, amount, unit] of text.matchAll(durationPart)) ms += Number(amount) * (unitsMs[unit!] ?? 0);
    return seenAtMs + Math.ceil(ms);
  }
  if (plain.test(text)) {
    const value = Number(text);
    if (value >= momentsMsFrom) return Math.round(value);
    return value >= momentsFrom ? Math.round(value * second) : seenAtMs + Math.ceil(value * second);
  }
  const atMs = /^\d{4}-|^[A-Z][a-z]{2},/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(atMs) ? null : atMs;
}

interface Place {
  key: string;
  field: 'limit' | 'remaining' | 'reset';
}

/** Anthropic puts the field last, everybody else in the middle; Mistral's `bysize` counts tokens. */
function placeOf(name: string): Place | null {
  const anthropic = /^anthropic-ratelimit-([a-z-]+)-(limit|remaining|reset)$/.exec(name);
  if (anthropic) return { key: anthropic[1]!, field: anthropic[2] as Place['field'] };
  const usual = /^(?:x-)?(ratelimit|ratelimitbysize|tokenlimit)-(limit|remaining|reset)(?:-([a-z_-]+))?$/.exec(name);
  if (!usual) return null;
  const [, family, field, rest = ''] = usual;
  const what = family === 'ratelimit' ? rest : rest === '' ? 'tokens' : `tokens-${rest}`;
  return { key: what, field: field as Place['field'] };
}

const measures: Readonly<Record<string, HeadroomMeasure>> = {
  '': 'requests',
  req: 'requests',
  request: 'requests',
  requests: 'requests',
  token: 'tokens',
  tokens: 'tokens',
  'input-tokens': 'input_tokens',
  'output-tokens': 'output_tokens',
};
const windows: readonly HeadroomWindow[] = ['second', 'minute', 'hour', 'day', 'month'];

function subjectOf(key: string): Pick<Headroom, 'measure' | 'window' | 'isOfProject'> | null {
  const isOfProject = key.startsWith('project-');
  const words = (isOfProject ? key.slice('project-'.length) : key).split('-');
  const window = windows.find((one) => one === words.at(-1)) ?? null;
  const measure = measures[(window === null ? words : words.slice(0, -1)).join('-')];
  return measure === undefined ? null : { measure, window, isOfProject };
}

/** Azure says -1 where it does not count. */
const countOf = (text: string): number | null => (plain.test(text) ? Math.floor(Number(text)) : null);

/** The limits that an answer told of, the scarcest first; none for headers that say nothing readable. Pure. */
export function headroomOf(headers: LimitHeaders, seenAtMs: number): Headroom[] {
  const found = new Map<string, Headroom>();
  for (const [name, value] of Object.entries(headers)) {
    const place = placeOf(name.toLowerCase());
    const subject = place && subjectOf(place.key);
    if (!place || !subject) continue;
    let figure = found.get(place.key);
    if (!figure) found.set(place.key, (figure = { ...subject, limit: null, remaining: null, resetAtMs: null }));
    const text = value.trim();
    if (place.field === 'reset') figure.resetAtMs = resetMsOf(text, seenAtMs);
    else figure[place.field] = countOf(text);
  }
  return [...found.values()]
    .filter(({ limit, remaining }) => limit !== null || remaining !== null)
    .toSorted((one, other) => shareOf(one) - shareOf(other))
    .slice(0, figuresMax);
}

/** What is left of a limit, from 0 to 1; 1 where that cannot be told. */
export const shareOf = ({ limit, remaining }: Pick<Headroom, 'limit' | 'remaining'>): number =>
  limit === null || remaining === null || limit <= 0 ? 1 : Math.min(1, remaining / limit);

export type HeadroomLevel = 'ample' | 'low' | 'exhausted';
const lowShare = 0.1;

/** How close a connection is to its provider's limits; a limit that is whole again by now does not count. */
export function levelOf(figures: readonly Headroom[], nowMs: number): HeadroomLevel {
  const live = figures.filter(({ resetAtMs }) => resetAtMs === null || resetAtMs > nowMs);
  if (live.some(({ remaining }) => remaining === 0)) return 'exhausted';
  return live.some((figure) => shareOf(figure) < lowShare) ? 'low' : 'ample';
}
