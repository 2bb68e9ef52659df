/** Every provider we know, and how to find one by id, by address or by the AI LLM face's word. */
import type { ConnectionSettings } from '../domain/connection.ts';
import { pathOf } from './normalise.ts';
import { rows } from './rows.ts';
import type { AiType, ProviderRow } from './row.ts';

export type { AiType, ProviderRow } from './row.ts';

export const catalog: readonly ProviderRow[] = rows;

const byId = new Map(catalog.map((row) => [row.id, row]));

const suggesting = new Map<string, string[]>();
for (const row of rows) for (const model of row.models.suggested) suggesting.set(model, [...(suggesting.get(model) ?? []), row.id]);

/** Providers whose row suggests this model. */
export const providersSuggesting = (model: string): readonly string[] => suggesting.get(model) ?? [];

/** The provider that a form starts with. */
export const defaultProviderId = 'openai';

/** The row of a provider id; undefined for an unknown one. */
export const providerRow = (id: string): ProviderRow | undefined => byId.get(id);

/** The row of a provider id that was checked before it was stored. Throws for an unknown one, which is our own fault. */
export function mustProviderRow(id: string): ProviderRow {
  const row = byId.get(id);
  if (!row) throw new Error(`no provider named ${id} in the catalogue`);
  return row;
}

/**
 * The row as it is at one address: a provider may speak another wire below a path of its own. `baseUrl` is canonical; every
 * destination is built with this row, so that whoever asks for its protocol or its quirks gets those of the address.
 */
export function rowAt(row: ProviderRow, baseUrl: string): ProviderRow {
  if (row.wires.length === 0) return row;
  const path = pathOf(baseUrl);
  return row.wires.find((wire) => path.endsWith(wire.pathEnd))?.row ?? row;
}

/** Rows never change, so the one that speaks Responses is made once for each. */
const byResponses = new WeakMap<ProviderRow, ProviderRow>();

export function responsesRow(row: ProviderRow): ProviderRow {
  let found = byResponses.get(row);
  if (!found) byResponses.set(row, (found = { ...row, protocol: 'responses' }));
  return found;
}

/**
 * The row of one request at one address (`rowAt` said which): the connection's `wire` setting decides between chat completions
 * and Responses where the provider has both; unset or `auto`, a model that answers on one wire alone is asked there.
 */
export function rowFor(row: ProviderRow, settings: ConnectionSettings, model: string): ProviderRow {
  if (row.responses === null || row.protocol !== 'openai') return row;
  const wire = settings['wire'];
  if (wire === 'responses') return responsesRow(row);
  if (wire === 'chat' || row.responses.models === null) return row;
  return row.responses.models.test(model.slice(model.lastIndexOf('/') + 1)) ? responsesRow(row) : row;
}

/** `a.example.com` against `a.example.com`, `.example.com` (every subdomain) or `a.*.com` (one label). Lower case. */
function hostMatches(host: string, pattern: string): boolean {
  if (pattern.startsWith('.')) return host.endsWith(pattern) && host.length > pattern.length;
  const star = pattern.indexOf('*');
  if (star < 0) return host === pattern;
  const head = pattern.slice(0, star);
  const tail = pattern.slice(star + 1);
  if (!host.startsWith(head) || !host.endsWith(tail) || host.length <= head.length + tail.length) return false;
  return !host.slice(head.length, host.length - tail.length).includes('.');
}

const loopbackHosts: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]', '0.0.0.0', 'host.docker.internal']);

/** Local servers are known by their usual port; LocalAI shares 8080 with llama.cpp, whose row comes first. */
function localRowOf(port: string): ProviderRow | undefined {
  return catalog.find((row) => row.isLocal && row.baseUrl !== null && new URL(row.baseUrl).port === port);
}

/**
 * The provider that an address belongs to (C-18): by host for hosted ones, by port for local ones, else `custom`.
 * Text that is no URL is `custom` too; its fault is found where the address is normalised.
 */
export function inferProvider(baseUrl: string): string {
  const url = URL.parse(baseUrl.trim());
  if (!url) return 'custom';
  const host = url.hostname.toLowerCase();
  if (loopbackHosts.has(host)) return localRowOf(url.port)?.id ?? 'custom';
  for (const row of catalog) {
    if (row.isLocal) continue;
    if (row.baseUrl !== null && new URL(row.baseUrl).hostname === host) return row.id;
    if (row.hosts.some((pattern) => hostMatches(host, pattern))) return row.id;
  }
  // Ollama's port is its own even on another machine of the network.
  return url.port === '11434' ? 'ollama' : 'custom';
}

/** The AI LLM face's word for a provider; `OTHER` for one that is not in the catalogue any more. */
export const aiTypeOf = (providerId: string): AiType => byId.get(providerId)?.aiType ?? 'OTHER';

const providerOfType: Readonly<Record<Exclude<AiType, 'OTHER'>, string>> = {
  OPENAI: 'openai',
  GOOGLE: 'gemini',
  ANTHROPIC: 'anthropic',
  AWS: 'bedrock',
};

/** The provider behind an AI LLM type; `OTHER` is resolved by the endpoint's host, else `custom` (C-18). */
export function providerOfAiType(aiType: AiType, endpoint: string | null): string {
  if (aiType !== 'OTHER') return providerOfType[aiType];
  if (endpoint === null) return 'custom';
  const inferred = inferProvider(endpoint);
  // A caller who says OTHER must read OTHER again, whatever the host is.
  return aiTypeOf(inferred) === 'OTHER' ? inferred : 'custom';
}
