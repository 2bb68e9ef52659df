/** Which revision a change was made from: what the body says, else `If-Match` (RFC 9110, 13.1.1). */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Expected } from '../../control/conflict.ts';

const tagForm = /^(?:W\/)?"?(\d{1,15})"?$/;

/** A tag that is no revision of ours matches nothing, and says so as any other old one does. */
const noRevision = -1;

function revisionOf(header: string | undefined): number | undefined {
  if (header === undefined || header.trim() === '*') return undefined;
  const match = tagForm.exec(header.trim());
  return match ? Number(match[1]) : noRevision;
}

/** Undefined where the request does not say: then whoever writes last wins, as for clients that know of no revisions. */
export function expectedOf<Row>(
  request: FastifyRequest,
  body: { revision?: number },
  show: (current: Row) => unknown,
): Expected<Row> | undefined {
  const revision = body.revision ?? revisionOf(request.headers['if-match']);
  return revision === undefined ? undefined : { revision, show };
}

/** Names the revision of what is answered, for a later `If-Match`. */
export function tagged(reply: FastifyReply, revision: number): void {
  reply.header('etag', `"${revision}"`);
}
