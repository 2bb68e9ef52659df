/** Opens a connection's sealed values for one attempt, and for the origin they were entered for only. */
import { UpstreamFailure } from '../domain/errors.ts';
import { ownerKey } from '../domain/owner.ts';
import { placeOf, type SecretColumn } from '../domain/sealing.ts';
import type { Connection } from '../domain/connection.ts';
import type { GatewayDeps } from './order.ts';
import type { OpenedSecrets, Target } from './plan.ts';

type SecretDeps = Pick<GatewayDeps, 'keeper' | 'vault' | 'environment' | 'demo'>;

/** Throws UpstreamFailure `secret_unreadable`; a sealed text never travels in place of what it holds. */
export function openSecrets(deps: SecretDeps, { connection, row, origin, typed }: Target): OpenedSecrets {
  if (row.isInternal) return { secret: deps.demo?.secret.reveal() ?? '', headers: {} };
  if (typed) return typed;
  if (!connection) return { secret: environmentSecret(deps, origin), headers: {} };
  // The place names the origin that the request really goes to, not the one the row remembers: a row that was altered opens nothing.
  const { id, owner, providerId } = connection;
  const placed = { id, owner, providerId, origin };
  const sealed = deps.keeper.snapshot.sealed.get(connection.id);
  const headers = openOne(deps, placed, sealed?.headers ?? null, 'headers_encrypted');
  return {
    secret: openOne(deps, placed, sealed?.secret ?? null, 'api_key_encrypted') ?? '',
    headers: headers === null ? {} : (JSON.parse(headers) as Record<string, string>),
  };
}

/** The operator's own key goes to the operator's own address; a target without a connection that leads elsewhere is none of its business. */
function environmentSecret({ environment }: SecretDeps, origin: string): string {
  if (!environment?.secret) return '';
  if (URL.parse(environment.baseUrl)?.origin !== origin)
    throw new UpstreamFailure('secret_unreadable', 'the key of the environment belongs to another origin');
  return environment.secret.reveal();
}

/** As much of a connection as its secrets are bound to. */
type SealedAt = Pick<Connection, 'id' | 'owner' | 'providerId' | 'origin'>;

export function openOne(
  deps: Pick<SecretDeps, 'keeper' | 'vault'>,
  connection: SealedAt,
  box: string | null,
  column: SecretColumn,
): string | null {
  if (box === null) return null;
  const keys = deps.keeper.snapshot.ownerKeys.get(ownerKey(connection.owner)) ?? [];
  try {
    return deps.vault.open(box, placeOf(connection, column), (version) => keys.find((key) => key.version === version)).reveal();
  } catch (cause) {
    throw new UpstreamFailure('secret_unreadable', 'the stored secret does not open', { cause });
  }
}
