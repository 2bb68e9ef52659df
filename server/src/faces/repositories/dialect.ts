/** Repositories in the words of `/api`: what is attached is named as far as whoever reads the workspace may know it. */
import type { RepositoryView } from '@patchbay/contract/repositories';
import { mayChangeIn, mayForceIn, type RepositoryWords } from '../../control/repositories.ts';
import type { Actor } from '../../domain/owner.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import { isoOf } from '../../lib/iso-time.ts';
import { providerRow } from '../../providers/catalog.ts';
import type { RepositoryRecord } from '../../storage/repositories.ts';

export const words: RepositoryWords = { connectionAt: (index) => `connectionIds.${index}` };

export const fromRepository = (repository: RepositoryRecord, actor: Actor, snapshot: Snapshot, liveKeys: number): RepositoryView => ({
  id: repository.id,
  workspaceId: repository.workspaceId,
  name: repository.name,
  connections: repository.connectionIds.flatMap((id) => {
    const connection = snapshot.connections.get(id);
    if (!connection) return [];
    const { name, providerId, model, owner, isActive } = connection;
    const providerName = providerRow(providerId)?.name ?? providerId;
    return [{ id, name, provider: providerId, providerName, model, scope: owner.scope, isActive }];
  }),
  liveKeys,
  canChange: mayChangeIn(actor, repository.workspaceId),
  canForce: mayForceIn(actor, repository.workspaceId),
  createdAt: isoOf(repository.createdAtMs),
  updatedAt: isoOf(repository.updatedAtMs),
  revision: repository.revision,
});
