/** Who hears of a limit that changed or was met: whoever may see it. */
import type { LimitSubject } from '../domain/limit.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { Audience } from './events.ts';

export function audienceOfLimit(snapshot: Snapshot, { kind, id }: LimitSubject): Audience {
  if (kind === 'user') return { administrators: true, userIds: [id] };
  if (kind === 'workspace') return { administrators: true, workspaceIds: [id] };
  if (kind === 'connection') {
    const owner = snapshot.connections.get(id)?.owner;
    return { administrators: true, owners: owner ? [owner] : [] };
  }
  if (kind === 'group') {
    const owner = snapshot.routing.byId(id)?.owner;
    return { administrators: true, owners: owner ? [owner] : [] };
  }
  const key = snapshot.accessKeyById(id);
  if (!key) return { administrators: true };
  return { administrators: true, userIds: [key.userId], workspaceIds: key.workspaceId === null ? [] : [key.workspaceId] };
}
