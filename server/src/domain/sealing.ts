/** Where each secret of a connection belongs. Whoever seals and whoever opens ask here, so that they cannot disagree. */
import type { Connection } from './connection.ts';
import type { Owner } from './owner.ts';

export type SecretColumn = 'api_key_encrypted' | 'access_key_encrypted' | 'headers_encrypted';

/** Every column of the schema that holds sealed text; rotation walks this list, a test compares it with the schema. */
export const sealedColumns: readonly { table: string; column: SecretColumn; purpose: string }[] = [
  { table: 'ai_configurations', column: 'api_key_encrypted', purpose: 'provider-secret' },
  { table: 'ai_configurations', column: 'access_key_encrypted', purpose: 'provider-access-key' },
  { table: 'ai_configurations', column: 'headers_encrypted', purpose: 'provider-headers' },
];

/** The place that a sealed value is bound to; the origin in it keeps a key from leaving for another host. */
export function placeOf(
  connection: Pick<Connection, 'id' | 'owner' | 'providerId' | 'origin'>,
  column: SecretColumn,
): { table: string; column: string; rowId: string; owner: Owner; purpose: string; provider: string; origin: string } {
  const known = sealedColumns.find((entry) => entry.column === column)!;
  return {
    table: known.table,
    column,
    rowId: connection.id,
    owner: connection.owner,
    purpose: known.purpose,
    provider: connection.providerId,
    origin: connection.origin,
  };
}
