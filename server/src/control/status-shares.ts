/** Links to a status page that is read without signing in: names and states of an owner's connections, and nothing else. */
import { LRUCache } from 'lru-cache';
import { changesBetween } from '../domain/audit.ts';
import type { Connection } from '../domain/connection.ts';
import { Refusal, unfit } from '../domain/errors.ts';
import { isAdministrator, type Actor, type Owner } from '../domain/owner.ts';
import { isUuid } from '../lib/ids.ts';
import { writeAudit } from '../storage/changes.ts';
import {
  findShare,
  goneShare,
  insertShare,
  listShares,
  revokeShare,
  shareByHash,
  sharesMax,
  type ShareRecord,
} from '../storage/status-shares.ts';
import { listWorkspaces, organizationOf, requireWorkspace } from '../storage/workspaces.ts';
import { auditEntry, type Caller, type Deed } from './change.ts';
import type { ControlDeps } from './deps.ts';
import { hashOfKey } from './issued-key.ts';
import { networkOf } from './people/sign-in-limit.ts';
import { notFound, refusing } from './stale.ts';
import { statusesOf, type ConnectionStatus } from './status.ts';
import { mayInWorkspace, workspaceFor } from './workspaces.ts';

const tokenBytes = 32;
const dayMs = 86_400_000;
/** Looks at shared pages from one network in a minute: a wall of screens behind one address, and no search for tokens. */
export const looksPerMinuteMax = 120;
const windowMs = 60_000;
const workspacesMax = 500;
const networksMax = 20_000;

/** Open links that the actor may withdraw: all for administrators, else those of workspaces with the role ADMIN. */
export const sharesOf = (deps: ControlDeps, actor: Actor): Promise<ShareRecord[]> =>
  listShares(deps.database, isAdministrator(actor) ? 'all' : administered(actor), deps.clock.nowMs());

const administered = (actor: Actor): string[] => [...actor.workspaces].filter(([, role]) => role === 'ADMIN').map(([id]) => id);

/** What the actor may share. */
export async function shareableBy(
  deps: ControlDeps,
  actor: Actor,
): Promise<{ organization: boolean; workspaces: { id: string; name: string }[] }> {
  const workspaces = await listWorkspaces(deps.database, isAdministrator(actor) ? 'all' : administered(actor), workspacesMax);
  return { organization: isAdministrator(actor), workspaces: workspaces.map(({ id, name }) => ({ id, name })) };
}

const deedOf = (
  action: string,
  { id, name, workspaceId }: Pick<ShareRecord, 'id' | 'name' | 'workspaceId'>,
  organizationId: string,
): Deed => ({
  action,
  subjectType: 'status-share',
  subjectId: id,
  subjectName: name,
  owner: workspaceId === null ? { scope: 'organization', id: organizationId } : { scope: 'workspace', id: workspaceId },
});

/**
 * Makes a link and its token, which is shown once.
 * @throws Refusal NOT_FOUND for an unknown workspace, FORBIDDEN, VALIDATION_ERROR where too many are open
 */
export async function createShare(
  deps: ControlDeps,
  caller: Caller,
  input: { name: string; workspaceId: string | null; days: number | null },
): Promise<{ share: ShareRecord; token: string }> {
  const { actor } = caller;
  if (input.workspaceId !== null) await workspaceFor(deps, actor, input.workspaceId, 'ADMIN');
  else if (!isAdministrator(actor)) throw new Refusal('FORBIDDEN');
  const nowMs = deps.clock.nowMs();
  const others = await listShares(deps.database, input.workspaceId === null ? 'all' : [input.workspaceId], nowMs);
  if (others.length >= sharesMax) throw unfit({ path: 'workspaceId', code: 'too_many', message: 'too many links are open' });
  const token = Buffer.from(deps.ids.bytes(tokenBytes)).toString('base64url');
  const share = {
    id: deps.ids.uuid(),
    name: input.name,
    workspaceId: input.workspaceId,
    last4: token.slice(-4),
    createdBy: actor.userId,
    createdAtMs: nowMs,
    expiresAtMs: input.days === null ? null : nowMs + input.days * dayMs,
  };
  const { organizationId } = deps.keeper.snapshot;
  const changes = changesBetween({}, { name: share.name, workspaceId: share.workspaceId, expiresAtMs: share.expiresAtMs });
  const entry = auditEntry(deps, caller, { ...deedOf('status-share.create', share, organizationId), changes });
  const steps = [
    ...(share.workspaceId === null ? [] : [requireWorkspace(deps.database, share.workspaceId)]),
    insertShare(deps.database, share, hashOfKey(token)),
  ];
  await refusing(writeAudit(deps.database, entry, steps), { workspace: notFound });
  tell(deps, share);
  const stored = await findShare(deps.database, share.id, nowMs);
  if (!stored) throw notFound();
  return { share: stored, token };
}

/** The link opens nothing from now on. @throws Refusal NOT_FOUND, also for one that the actor may not see */
export async function withdrawShare(deps: ControlDeps, caller: Caller, id: string): Promise<void> {
  const { actor } = caller;
  const nowMs = deps.clock.nowMs();
  const share = isUuid(id) ? await findShare(deps.database, id, nowMs) : undefined;
  const sees = share && (isAdministrator(actor) || (share.workspaceId !== null && mayInWorkspace(actor, share.workspaceId, 'ADMIN')));
  if (!share || !sees) throw notFound();
  const entry = auditEntry(deps, caller, deedOf('status-share.revoke', share, deps.keeper.snapshot.organizationId));
  await refusing(writeAudit(deps.database, entry, [revokeShare(deps.database, id, nowMs)]), { [goneShare]: notFound });
  tell(deps, share);
}

function tell(deps: ControlDeps, { workspaceId }: Pick<ShareRecord, 'workspaceId'>): void {
  const audience = { administrators: true, ...(workspaceId === null ? {} : { workspaceIds: [workspaceId] }) };
  deps.events?.publish({ name: 'config.changed', data: { topic: 'health' }, audience });
}

/** One per server; found by the deps object, so that it lives exactly as long. */
const looks = new WeakMap<object, LRUCache<string, { fromMs: number; count: number }>>();

function countLook(deps: ControlDeps, address: string): void {
  let known = looks.get(deps.keeper);
  if (!known) looks.set(deps.keeper, (known = new LRUCache({ max: networksMax })));
  const nowMs = deps.clock.monotonicMs();
  const network = networkOf(address);
  const last = known.get(network);
  const window = last && nowMs - last.fromMs < windowMs ? last : { fromMs: nowMs, count: 0 };
  window.count++;
  known.set(network, window);
  if (window.count <= looksPerMinuteMax) return;
  const seconds = Math.max(1, Math.ceil((window.fromMs + windowMs - nowMs) / 1000));
  throw new Refusal('RATE_LIMITED', { values: { seconds }, retryAfterS: seconds });
}

export interface SharedPage {
  title: string;
  atMs: number;
  fromMs: number;
  bucketMs: number;
  statuses: ConnectionStatus[];
}

/** What a link shows, for whoever holds it. @throws Refusal RATE_LIMITED by address, NOT_FOUND for every token that opens nothing */
export async function sharedPage(deps: ControlDeps, address: string, token: string): Promise<SharedPage> {
  countLook(deps, address);
  const share = await shareByHash(deps.database, hashOfKey(token), deps.clock.nowMs());
  if (!share) throw notFound();
  const { snapshot } = deps.keeper;
  const owner: Owner =
    share.workspaceId === null ? { scope: 'organization', id: snapshot.organizationId } : { scope: 'workspace', id: share.workspaceId };
  const connections: Connection[] = [...snapshot.connectionsOf(owner)].toSorted((a, b) => a.name.localeCompare(b.name));
  const { statuses, atMs, stretches } = await statusesOf(deps, connections, '24h');
  const title = share.workspaceName ?? (await organizationOf(deps.database))?.name ?? '';
  return { title, atMs, fromMs: stretches.fromMs, bucketMs: stretches.bucketMs, statuses };
}
