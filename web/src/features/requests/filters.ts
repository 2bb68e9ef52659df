/** The filters of the explorer as its address holds them, as chips show them, and as somebody types them: `status:failed model:gpt-4o`. */
import type { RequestBarsFilter } from '@patchbay/client/requests';

/** Names in the address; each is a filter of the API by the same name, but for the status, whose name other pages use for something else. */
export const filterNames = [
  'outcome', 'httpStatus', 'state', 'model', 'provider', 'connectionId', 'keyId', 'userId', 'workspaceId', 'repositoryId', 'useCaseId',
  'routingGroupId', 'purpose', 'minLatencyMs', 'minCostUsd', 'hasChanges', 'hasViolations', 'search',
] as const; // prettier-ignore
export type FilterName = (typeof filterNames)[number];
export const rangeNames = ['period', 'from', 'to'] as const;
export const periods = ['1h', '24h', '7d', '30d', '90d'] as const;
export type Period = (typeof periods)[number];
export const periodDefault: Period = '24h';

export type RequestSearch = Partial<Record<FilterName | (typeof rangeNames)[number], string>>;

const textsMax = 200;

/** What an address says, as far as it is a filter. */
export function requestSearchOf(search: Record<string, unknown>): RequestSearch {
  const found: RequestSearch = {};
  for (const name of [...filterNames, ...rangeNames]) {
    const value = search[name];
    if (typeof value === 'string' && value !== '' && value.length <= textsMax) found[name] = value;
  }
  return found;
}

/** As the API takes it. A range of one's own goes before a period. */
export function askedOf(search: RequestSearch): RequestBarsFilter {
  const { period, from, to, httpStatus, ...filters } = search;
  const range = from !== undefined || to !== undefined ? { from, to } : { period: period ?? periodDefault };
  // The server says of each what it cannot read.
  return { ...filters, ...(httpStatus !== undefined && { status: httpStatus }), ...range } as unknown as RequestBarsFilter;
}

/** The words before the colon, as people type them. */
const typedNames: Readonly<Record<string, FilterName>> = {
  status: 'httpStatus', outcome: 'outcome', state: 'state', model: 'model', provider: 'provider', connection: 'connectionId', key: 'keyId',
  user: 'userId', workspace: 'workspaceId', repository: 'repositoryId', usecase: 'useCaseId', group: 'routingGroupId', purpose: 'purpose',
  latency: 'minLatencyMs', cost: 'minCostUsd', has: 'hasChanges', id: 'search',
}; // prettier-ignore

/** Names by id of what filters name by id, so that one may type the name. */
export type NamedThings = Partial<Record<FilterName, readonly { id: string; name: string }[]>>;

const outcomes: ReadonlySet<string> = new Set(['ok', 'failed', '4xx', '5xx']);

function valueOf(name: FilterName, text: string, things: NamedThings): [FilterName, string] {
  if (name === 'httpStatus' && outcomes.has(text)) return ['outcome', text];
  if (name === 'httpStatus' && text === 'error') return ['outcome', 'failed'];
  if (name === 'hasChanges') return text === 'violations' ? ['hasViolations', 'true'] : ['hasChanges', 'true'];
  if (name === 'minLatencyMs' || name === 'minCostUsd') return [name, text.replace(/^[>=]+/, '')];
  const lower = text.toLowerCase();
  return [name, things[name]?.find((thing) => thing.name.toLowerCase() === lower)?.id ?? text];
}

/** Words `name:value`, values with blanks in quotes; a word without a colon is looked for as an id. */
export function typedFilters(text: string, things: NamedThings): RequestSearch {
  const found: RequestSearch = {};
  for (const [, name, quoted, plain] of text.matchAll(/(?:(\w+):)?(?:"([^"]*)"|(\S+))/g)) {
    const value = quoted ?? plain ?? '';
    const known = name === undefined ? 'search' : typedNames[name.toLowerCase()];
    if (known === undefined) found.search = `${name}:${value}`;
    else if (value !== '') {
      const [filter, meant] = valueOf(known, value, things);
      found[filter] = meant;
    }
  }
  return found;
}

/** What may be typed, for the list of suggestions. */
export function suggestions(things: NamedThings): string[] {
  const quoted = (text: string): string => (/\s/.test(text) ? `"${text}"` : text);
  const named = (word: string, name: FilterName): string[] => (things[name] ?? []).map((thing) => `${word}:${quoted(thing.name)}`);
  return [
    'status:failed', 'status:ok', 'status:4xx', 'status:5xx', 'state:refused', 'state:partial', 'state:unknown', 'has:changes', 'has:violations',
    'latency:>5000', 'cost:>0.01', 'purpose:completion', 'purpose:chat', 'purpose:health',
    ...named('connection', 'connectionId'), ...named('key', 'keyId'), ...named('model', 'model'), ...named('workspace', 'workspaceId'),
  ]; // prettier-ignore
}

/** The word that a chip begins with. */
export const wordOf = (name: FilterName): string =>
  name === 'outcome'
    ? 'status'
    : name === 'hasViolations'
      ? 'has'
      : (Object.entries(typedNames).find(([, filter]) => filter === name)?.[0] ?? name);

/** What a chip says after its word. */
export function chipText(name: FilterName, value: string, things: NamedThings): string {
  if (name === 'hasChanges') return 'changes';
  if (name === 'hasViolations') return 'violations';
  if (name === 'minLatencyMs' || name === 'minCostUsd') return `>${value}`;
  return things[name]?.find(({ id }) => id === value)?.name ?? value;
}
