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
  const shared = openedThisTurn(deps, connection, origin);
  if (shared) return shared;
  const { accessKeyId, secret, headers } = openParts(deps, { ...connection, origin });
  const opened: OpenedSecrets = { secret: joinedSecret(row, accessKeyId, secret), headers };
  share(deps, connection, origin, opened);
  return opened;
}

/** What one opening came from: where any of this is another object by now, the box is opened anew. */
interface Opening {
  connection: Connection;
  origin: string;
  vault: SecretDeps['vault'];
  sealed: unknown;
  ownerKey: string;
  keys: unknown;
  opened: OpenedSecrets;
}

/**
 * Opened in this turn of the event loop and forgotten at its end. Attempts whose intents reached the journal by one write leave in one
 * turn, and share one opening: what a secret is held for is still the sending of attempts, never a time in between.
 *
 * A list and no map: a map that is filled and emptied thousands of times leaves a chain of dead tables behind (each knows the one that
 * took its place, for iterators), and once the first of them is old, the collector of young objects keeps them all with what they hold.
 */
let turn: Opening[] = [];
const forget = (): void => {
  turn = [];
};
/** More connections than this do not share in one turn: the list is searched from its beginning. */
const turnMax = 16;

function openedThisTurn({ keeper, vault }: SecretDeps, connection: Connection, origin: string): OpenedSecrets | null {
  const known = turn.find((opening) => opening.connection === connection);
  if (!known || known.origin !== origin || known.vault !== vault) return null;
  const { sealed, ownerKeys } = keeper.snapshot;
  return known.sealed === sealed.get(connection.id) && known.keys === ownerKeys.get(known.ownerKey) ? known.opened : null;
}

function share({ keeper, vault }: SecretDeps, connection: Connection, origin: string, opened: OpenedSecrets): void {
  if (turn.length >= turnMax) return;
  // Callbacks of one write of the journal run without a pause; a microtask comes as soon as the last of them has returned.
  if (turn.length === 0) queueMicrotask(forget);
  const { sealed, ownerKeys } = keeper.snapshot;
  const key = ownerKey(connection.owner);
  turn.push({ connection, origin, vault, sealed: sealed.get(connection.id), ownerKey: key, keys: ownerKeys.get(key), opened });
}

/** The stored values of a connection, each by itself, as they open for one origin. Throws UpstreamFailure `secret_unreadable`. */
export function openParts(
  deps: Pick<SecretDeps, 'keeper' | 'vault'>,
  { id, owner, providerId, origin }: SealedAt,
): { accessKeyId: string; secret: string; headers: Record<string, string> } {
  // The place names the origin that the request really goes to, not the one the row remembers: a row that was altered opens nothing.
  const placed = { id, owner, providerId, origin };
  const sealed = deps.keeper.snapshot.sealed.get(id);
  const headers = openOne(deps, placed, sealed?.headers ?? null, 'headers_encrypted');
  return {
    accessKeyId: openOne(deps, placed, sealed?.accessKeyId ?? null, 'access_key_encrypted') ?? '',
    secret: openOne(deps, placed, sealed?.secret ?? null, 'api_key_encrypted') ?? '',
    headers: headers === null ? {} : (JSON.parse(headers) as Record<string, string>),
  };
}

/** A secret of two parts as one text, for the providers that have such (C-21); elsewhere an access key id means nothing. */
export const joinedSecret = (row: Target['row'], accessKeyId: string, secret: string): string =>
  row.auth.kind === 'aws' && accessKeyId !== '' ? `${accessKeyId}:${secret}` : secret;

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
