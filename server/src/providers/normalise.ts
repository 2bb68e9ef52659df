/** From an address as people enter it to the canonical base that requests are built on (C-17). */
import { Refusal } from '../domain/errors.ts';
import type { ProviderRow } from './row.ts';

/** Longest address that is kept. */
export const baseUrlCharsMax = 500;

/** Endpoints that people paste with the base. The longest that fits is taken off first. */
const endpoints = ['/chat/completions', '/completions', '/embeddings', '/models', '/messages', '/responses'];

/** An address such as `/v1/models/chat/completions` is taken apart in at most this many steps. */
const stripRoundsMax = 4;

export interface Base {
  /** Without a trailing slash, query or fragment: `https://api.openai.com/v1`. A pasted Azure address keeps its `?api-version=`. */
  baseUrl: string;
  /** What secrets are bound to: `https://api.openai.com`. */
  origin: string;
}

function refuse(code: string, message: string): never {
  throw new Refusal('URL_REFUSED', { values: { reason: code }, details: [{ path: 'baseUrl', code, message }] });
}

/** The same for a vendor that names the model in the path: `/models/gemini-2.5-pro:generateContent`. */
const modelEndpoint = /\/models\/[^/]+:[a-z]+$/i;

function stripEndpoint(path: string): string {
  let rest = path.replace(modelEndpoint, '');
  for (let round = 0; round < stripRoundsMax; round++) {
    rest = rest.replace(/\/+$/, '');
    const lower = rest.toLowerCase();
    const endpoint = endpoints.find((end) => lower.endsWith(end));
    if (endpoint === undefined) return rest;
    rest = rest.slice(0, -endpoint.length);
  }
  return rest.replace(/\/+$/, '');
}

function parse(entered: string): URL {
  if (entered.length > baseUrlCharsMax) refuse('too_long', `at most ${baseUrlCharsMax} characters`);
  const url = URL.parse(entered);
  if (!url) refuse('not_a_url', 'not a URL');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') refuse('scheme', 'only http and https');
  if (url.hostname === '') refuse('not_a_url', 'no host');
  // A password in an address would be stored and shown in clear.
  if (url.username !== '' || url.password !== '') refuse('has_credentials', 'no user name or password in the address');
  if (url.hash !== '') refuse('has_fragment', 'no # part');
  return url;
}

/**
 * The canonical base of what was entered: endpoint names and trailing slashes are taken off, the case of the path stays,
 * and a bare host is completed where the provider's row says so. Nothing entered means the row's own address.
 * Throws Refusal `URL_REFUSED` with the field's path and a code, or `VALIDATION_ERROR` where an address is needed.
 */
export function normaliseBase(row: ProviderRow, entered: string | null | undefined): Base {
  const text = entered?.trim() ?? '';
  if (text === '') {
    if (row.baseUrl === null) {
      throw new Refusal('VALIDATION_ERROR', {
        values: { count: 1 },
        details: [{ path: 'baseUrl', code: 'required', message: `${row.name} needs an address` }],
      });
    }
    return { baseUrl: row.baseUrl, origin: new URL(row.baseUrl).origin };
  }
  const url = parse(text);
  const apiVersion = row.addressing === 'deployments' ? url.searchParams.get('api-version') : null;
  if (apiVersion !== null) url.searchParams.delete('api-version');
  // Whatever else stands in the query would be lost without a word, or is a secret in the wrong place.
  if (url.search !== '' && url.search !== '?') refuse('has_query', 'no ? part');
  const path = stripEndpoint(url.pathname);
  const version = apiVersion ? `?api-version=${encodeURIComponent(apiVersion)}` : '';
  return { baseUrl: url.origin + (row.paths[path] ?? path) + version, origin: url.origin };
}

/** The origin that secrets of this address are bound to. */
export const originOf = (row: ProviderRow, entered: string | null | undefined): string => normaliseBase(row, entered).origin;

/** Path of a canonical base, without a trailing slash: `/v1`, or an empty text. */
export function pathOf(baseUrl: string): string {
  const from = baseUrl.indexOf('/', baseUrl.indexOf('://') + 3);
  return from < 0 ? '' : baseUrl.slice(from);
}

/** Where a chat completion goes for a plain OpenAI-compatible base. */
export const chatUrl = (baseUrl: string): string => `${baseUrl}/chat/completions`;

/** What to try, and propose, when a bare base answered 404 to a probe: the same with `/v1`; null where it ends so already. */
export const proposedBase = (baseUrl: string): string | null => (/\/v\d+\w*$/i.test(baseUrl) ? null : `${baseUrl}/v1`);
