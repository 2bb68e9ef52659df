/** The configuration as text: YAML in one order with comments, and back with the line of everything that does not fit. */
import { Document, isMap, isNode, LineCounter, parseDocument, type YAMLMap } from 'yaml';
import { configuration, configurationVersion, type Configuration } from './shapes.ts';

const head = ` The configuration of a Patchbay, as \`patchbay export\` writes it and \`patchbay apply\` reads it.
 Names stand for ids. Secrets are not in here: env:NAME and file:/path say where they are when the file is applied.
 A section that is left out is left alone; what a section does not name is deleted with --prune alone.`;

const comments: Readonly<Record<string, string>> = {
  workspaces: ' People are named by their email address; they must exist. contents: whether those of requests are kept.',
  connections: ' owner: organization, workspace:<name> or user:<email>. settings: the parameters of the provider.',
  repositories: ' In the order in which their connections are tried.',
  routingGroups: ' What `model` may name on /v1.',
  useCases: ' What `model` names as use-case/<slug>. One whose connection is null has lost it, and answers nobody.',
  policies:
    ' Without workspace and repository a policy binds the whole organization. A judge whose connection is null is gone: to it everything is against the policy.',
  limits: ' Those that administrators set. Money is in US dollars; limits on access keys stay with their keys.',
  prices: ' US dollars per million tokens. A price is never changed: another one takes its place.',
  templates: ' Starting points for new connections.',
  mailServer: ' By which mails go. null is none.',
  alertChannels: ' Where alerts go. An address may hold a token, so it is a reference as well.',
  alertRules: ' What people are told of. What is not said is what the kind of rule says.',
  aiSettings: ' For requests that say nothing themselves.',
  limitSettings: ' By which calendar budgets begin anew.',
  healthSettings: ' Of connections that say nothing themselves. 0 seconds is off; checkBy: models, or completion, which costs a token.',
  retention: ' Days. What is not said is kept for as long as it is by default; 0 is for ever, where that may be.',
};

/** The one text of a configuration: the same one gives the same bytes. */
export function textOf(whole: Configuration): string {
  const document = new Document(withoutDefaults(whole));
  document.commentBefore = head;
  const contents = document.contents as YAMLMap;
  for (const item of contents.items) {
    const key = item.key as { value?: unknown; commentBefore?: string; spaceBefore?: boolean };
    const comment = typeof key.value === 'string' ? comments[key.value] : undefined;
    if (comment === undefined) continue;
    key.commentBefore = comment;
    key.spaceBefore = true;
  }
  return document.toString({ lineWidth: 0, nullStr: 'null', defaultKeyType: 'PLAIN' });
}

/** What is left out when it is nothing: a file is read more often than written. Reading fills it in again. */
function withoutDefaults(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDefaults);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value as Record<string, unknown>).filter(([, one]) => one !== undefined);
  return Object.fromEntries(kept.map(([name, one]) => [name, withoutDefaults(one)]));
}

/** Something that does not fit, and where it stands. */
export interface Fault {
  line: number;
  /** `connections[2].baseUrl`. */
  path: string;
  message: string;
}

export interface Read {
  configuration: Configuration | null;
  faults: Fault[];
  /** The line of a place, counted from 1; of the nearest place above where there is nothing. */
  lineOf: (path: readonly (string | number)[]) => number;
}

const faultsMax = 50;

/** Reads a file strictly: an unknown field, a second use of a key and every value that does not fit is told with its line. */
export function readDocument(text: string): Read {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, strict: true, maxAliasCount: 100 } as Parameters<
    typeof parseDocument
  >[1]);
  const lineOf = (path: readonly (string | number)[]): number => lineIn(document, lines, path);
  const broken = document.errors.slice(0, faultsMax).map(({ message, linePos }) => ({
    line: linePos?.[0].line ?? 1,
    path: '',
    message: message.split('\n')[0] ?? message,
  }));
  if (broken.length > 0) return { configuration: null, faults: broken, lineOf };
  const parsed = configuration.safeParse(document.toJS({ maxAliasCount: 100 }) as unknown);
  if (parsed.success) return { configuration: parsed.data, faults: [], lineOf };
  const faults = parsed.error.issues.slice(0, faultsMax).flatMap((issue): Fault[] => {
    const path = issue.path as (string | number)[];
    const places = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...path, key]) : [path];
    const message = issue.code === 'unrecognized_keys' ? 'is not known here' : issue.message;
    return places.map((place) => ({ line: lineOf(place), path: pathText(place), message }));
  });
  return { configuration: null, faults, lineOf };
}

export const emptyConfiguration = (): Configuration => ({ patchbay: configurationVersion });

export const pathText = (path: readonly (string | number)[]): string =>
  path.map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`)).join('');

function lineIn(document: ReturnType<typeof parseDocument>, lines: LineCounter, path: readonly (string | number)[]): number {
  for (let length = path.length; length > 0; length--) {
    const place = path.slice(0, length);
    const last = place.at(-1);
    const parent: unknown = document.getIn(place.slice(0, -1), true);
    // The line of the key, where the value may begin a line below.
    const pair = isMap(parent) ? parent.items.find((item) => String(item.key) === String(last)) : undefined;
    const node: unknown = pair && isNode(pair.key) ? pair.key : document.getIn(place, true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}
