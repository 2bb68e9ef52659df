/** Contents of requests that a workspace keeps, for those who may read them: whoever asked, and the workspace's administrators. */
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import { keptBytesMax, type CapturedSide } from '../domain/capture.ts';
import { Refusal } from '../domain/errors.ts';
import type { Actor } from '../domain/owner.ts';
import { capturedKeyColumn, placeOfCaptured } from '../domain/sealing.ts';
import { findCaptured, type CapturedRow } from '../storage/captured-bodies.ts';
import { openContents } from '../vault/envelope.ts';
import { SecretUnreadable } from '../vault/vault.ts';
import type { Caller } from './change.ts';
import type { ControlDeps } from './deps.ts';
import { noteRead } from './noted-reads.ts';
import { openBox } from './secrets.ts';
import { notFound } from './stale.ts';
import { mayInWorkspace } from './workspaces.ts';

const inflated = promisify(inflateRaw);
/** Scrubbing may lengthen a text by a little; what unpacks to more was never packed here. */
const unpackedBytesMax = 4 * keptBytesMax;

/** Whoever asked may read it, and so may an ADMIN of the workspace. */
export const mayReadContent = (actor: Actor, { userId, workspaceId }: Pick<CapturedRow, 'userId' | 'workspaceId'>): boolean =>
  userId === actor.userId || mayInWorkspace(actor, workspaceId, 'ADMIN');

type Fact = Pick<CapturedSide, 'mediaType' | 'bytes' | 'isTruncated'> | null;

export interface ReadContent {
  requestId: string;
  expiresAtMs: number;
  request: CapturedSide | null;
  answer: CapturedSide | null;
}

/**
 * The contents of one request. Whoever reads somebody else's is noted in the audit log.
 * @throws Refusal NOT_FOUND where none are kept or they are not the caller's to read, SECRET_UNREADABLE where they do not open
 */
export async function readContent(deps: ControlDeps, caller: Caller, requestId: string): Promise<ReadContent> {
  const row = await findCaptured(deps.database, requestId, deps.clock.nowMs());
  if (!row || !mayReadContent(caller.actor, row)) throw notFound();
  const facts = JSON.parse(row.factsJson) as { request: Fact; answer: Fact };
  let content: ReadContent;
  try {
    const dataKey = (await openBox(deps, placeOfCaptured(requestId, row.workspaceId), row.dataKeySealed)).reveal();
    const side = async (fact: Fact, column: 'request' | 'answer'): Promise<CapturedSide | null> => {
      if (fact === null) return null;
      const sealed = row[column];
      const text = sealed === null ? null : await unpacked(openContents(sealed, dataKey, { table: capturedKeyColumn.table, column, rowId: requestId }));
      return { mediaType: fact.mediaType, bytes: fact.bytes, isTruncated: fact.isTruncated, text };
    }; // prettier-ignore
    content = {
      requestId,
      expiresAtMs: row.expiresAtMs,
      request: await side(facts.request, 'request'),
      answer: await side(facts.answer, 'answer'),
    };
  } catch (cause) {
    if (cause instanceof SecretUnreadable) throw new Refusal('SECRET_UNREADABLE', { cause });
    throw cause;
  }
  if (row.userId !== caller.actor.userId)
    await noteRead(deps, caller, {
      action: 'request.read-content',
      subjectType: 'request',
      subjectId: requestId,
      subjectName: null,
      owner: { scope: 'workspace', id: row.workspaceId },
    });
  return content;
}

const unpacked = async (packed: Buffer): Promise<string> =>
  (await inflated(packed, { maxOutputLength: unpackedBytesMax })).toString('utf8');
