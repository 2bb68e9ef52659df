/** How the cookies of a session leave. */
import type { FastifyReply } from 'fastify';

/** Each cookie has a Set-Cookie line of its own (RFC 6265, 3). */
export function putCookies(reply: FastifyReply, setCookies: readonly string[]): void {
  if (setCookies.length > 0) reply.header('set-cookie', [...setCookies]);
}
