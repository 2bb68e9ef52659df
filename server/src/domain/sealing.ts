/** Where each secret of a connection belongs. Whoever seals and whoever opens ask here, so that they cannot disagree. */
import type { AlertChannel, MailServer } from './alert.ts';
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

/** The key that one request's kept contents are encrypted under; rotation walks it beside the columns above. */
export const capturedKeyColumn = { table: 'captured_bodies', column: 'data_key_sealed', purpose: 'captured-contents' } as const;

/** The place of that key: its request, under the key of the workspace that asked for the contents to be kept. */
export const placeOfCaptured = (
  requestId: string,
  workspaceId: string,
): { table: string; column: string; rowId: string; owner: Owner; purpose: string; provider: string; origin: string } => ({
  ...capturedKeyColumn,
  rowId: requestId,
  owner: { scope: 'workspace', id: workspaceId },
  provider: '',
  origin: '',
});

/** What an alert channel sends with: its address, and the token or signing secret for it. Bound to where the channel leads. */
export const channelSecretColumn = { table: 'alert_channels', column: 'secret_encrypted', purpose: 'alert-channel' } as const;
/** The password of the installation's mail server, bound to that server. */
export const mailPasswordColumn = { table: 'mail_servers', column: 'password_encrypted', purpose: 'mail-password' } as const;

export const placeOfChannel = ({ id, owner, kind, origin }: Pick<AlertChannel, 'id' | 'owner' | 'kind' | 'origin'>) => ({
  ...channelSecretColumn,
  rowId: id,
  owner,
  provider: kind,
  origin,
});

export const placeOfMailPassword = (organizationId: string, { host, port }: Pick<MailServer, 'host' | 'port'>) => ({
  ...mailPasswordColumn,
  rowId: organizationId,
  owner: { scope: 'organization' as const, id: organizationId },
  provider: '',
  origin: `smtp://${host}:${port}`,
});

/** The columns that hold boxes beside a connection's own: each makes the master key needed at a start. */
export const furtherSealedColumns: readonly { table: string; column: string }[] = [
  capturedKeyColumn,
  channelSecretColumn,
  mailPasswordColumn,
];

/** The key of the audit log, under an owner that is nobody: it belongs to the installation, also before that is set up. */
export const auditKeyPlace: {
  table: string;
  column: string;
  rowId: string;
  owner: Owner;
  purpose: string;
  provider: string;
  origin: string;
} = {
  table: 'audit_keys',
  column: 'sealed_key',
  rowId: '1',
  owner: { scope: 'organization', id: '00000000-0000-0000-0000-000000000000' },
  purpose: 'audit-chain',
  provider: '',
  origin: '',
};
