/** The way to the sign-in page, for a browser that opens a page of the API by itself: nobody there could read a refusal in JSON. */
import type { FastifyRequest } from 'fastify';

/** Every browser names a page before all else that it takes; programs that name one at all have said in which way they come. */
const wantsPage = (accept: string | undefined): boolean => accept !== undefined && /^text\/html *(?:,|$)/.test(accept);

/**
 * Where whoever has no session is led to from a page of the API, with the wish to come back; null for every other request. It is told
 * beside the address that was asked for, so that a prefix before it stays, and no name of a host has a say in it.
 */
export function doorFor({ headers, url, routeOptions, query }: FastifyRequest): string | null {
  const { isPage } = routeOptions.config;
  // Who shows a token is no browser. Where a request comes from is said on trusted names alone.
  const mode = headers['sec-fetch-mode'] ?? 'navigate';
  if (!isPage?.(query) || headers.authorization !== undefined || mode !== 'navigate' || !wantsPage(headers.accept)) return null;
  const [path = '', ...rest] = url.split('?');
  const up = '../'.repeat(path.split('/').length - 2);
  return `${up}login?${new URLSearchParams({ to: [routeOptions.url, ...rest].join('?') }).toString()}`;
}
