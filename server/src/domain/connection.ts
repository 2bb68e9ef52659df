/** What a connection is: one owner's way to one provider. It has no secret field: what is not there cannot leak. */
import type { Owner } from './owner.ts';

export type TestStatus = 'success' | 'failed' | 'pending';

/** Provider-specific parameters as stored; checked by the provider's schema before they get here. */
export type ConnectionSettings = Readonly<Record<string, unknown>>;

export interface Connection {
  id: string;
  owner: Owner;
  /** The user who created it; equals the owner where the scope is `user`. */
  createdBy: string;
  name: string;
  /** Catalogue id, `openai`. */
  providerId: string;
  /** As entered (C-17); null where the provider's own address is used. */
  baseUrl: string | null;
  /** Canonical origin that secrets are bound to, `https://api.openai.com`. */
  origin: string;
  model: string | null;
  settings: ConnectionSettings;
  hasSecret: boolean;
  /** Shown as a mask; null for short keys and for none (C-03). */
  secretLast4: string | null;
  secretSetAtMs: number | null;
  isActive: boolean;
  isDefault: boolean;
  /** May this connection reach the built-in loopback ports (Ollama, vLLM ...)? True where an administrator wrote it. */
  trust: 'administrator' | 'member';
  createdAtMs: number;
  updatedAtMs: number;
  lastTestedAtMs: number | null;
  testStatus: TestStatus | null;
  revision: number;
}

/** The sealed values of a connection, kept in a map of their own beside the snapshot. */
export interface SealedSecrets {
  secret: string | null;
  /** Second half of two-part credentials (S3's `key`, C-21). */
  accessKeyId: string | null;
  /** Custom header values, sealed as one JSON text (D-31). */
  headers: string | null;
}

/** `***` and the last four characters, from twelve characters on (C-03); a text equal to the mask means "unchanged". */
export const secretTailLengthMin = 12;
export const maskOf = (connection: Pick<Connection, 'hasSecret' | 'secretLast4'>): string | null =>
  connection.hasSecret ? `***${connection.secretLast4 ?? ''}` : null;
