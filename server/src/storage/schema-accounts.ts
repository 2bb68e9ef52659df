/** The tables of people and of what lets them in: better-auth's own, and the house's beside them. */
import type { Generated } from 'kysely';

/** better-auth's: a Date on PostgreSQL, an ISO 8601 text on SQLite; only better-auth itself reads or writes these columns. */
type AuthTime = Date | string;

interface UserTable {
  id: Generated<string>;
  name: string;
  email: string;
  /** 0 or 1 on SQLite. */
  email_verified: boolean | number;
  image: string | null;
  created_at: AuthTime;
  updated_at: AuthTime;
  /** 0 or 1 on SQLite; null is no. */
  two_factor_enabled: boolean | number | null;
}

interface SessionTable {
  id: Generated<string>;
  expires_at: AuthTime;
  token: string;
  created_at: AuthTime;
  updated_at: AuthTime;
  ip_address: string | null;
  user_agent: string | null;
  user_id: string;
}

interface AccountTable {
  id: Generated<string>;
  account_id: string;
  provider_id: string;
  user_id: string;
  access_token: string | null;
  refresh_token: string | null;
  id_token: string | null;
  access_token_expires_at: AuthTime | null;
  refresh_token_expires_at: AuthTime | null;
  scope: string | null;
  password: string | null;
  created_at: AuthTime;
  updated_at: AuthTime;
}

interface VerificationTable {
  id: Generated<string>;
  identifier: string;
  value: string;
  expires_at: AuthTime;
  created_at: AuthTime;
  updated_at: AuthTime;
}

interface RateLimitTable {
  id: Generated<string>;
  key: string;
  count: number;
  last_request: number;
}

/** better-auth's, encrypted by it: the shared secret of the authenticator and the recovery codes. */
interface TwoFactorTable {
  id: Generated<string>;
  secret: string;
  backup_codes: string;
  user_id: string;
  verified: boolean | number | null;
  failed_verification_count: number | null;
  locked_until: AuthTime | null;
}

interface UsedCodeTable {
  digest: string;
  used_at: number;
}

interface PersonTable {
  user_id: string;
  role: 'administrator' | 'manager' | 'user';
  language: Generated<string>;
  time_zone: Generated<string>;
  theme: Generated<string>;
  /** JSON list that stands in the place of what the role brings; null is the role's own. */
  permissions: string | null;
  disabled_at: number | null;
  /** Once set the row is kept for other instances and for the books; name and address are gone from `users`. */
  deleted_at: number | null;
  created_at: Generated<number>;
  updated_at: Generated<number>;
  revision: Generated<number>;
}

interface PersonalTokenTable {
  id: Generated<string>;
  user_id: string;
  name: string;
  hash: string;
  last4: string;
  expires_at: number | null;
  last_used_at: number | null;
  revoked_at: number | null;
  created_at: Generated<number>;
  revision: Generated<number>;
}

interface AccessKeyTable {
  id: Generated<string>;
  user_id: string;
  workspace_id: string | null;
  name: string;
  hash: string;
  last4: string;
  /** The key before a rotation, valid until `previous_until`. */
  previous_hash: string | null;
  previous_until: number | null;
  /** JSON list of model patterns; null is all. */
  models: string | null;
  rpm: number | null;
  tpm: number | null;
  budget_nano_usd: number | null;
  cache_seconds: number | null;
  /** The repository to whose connections the key is bound; null is none. */
  repository_id: string | null;
  /** The type that S3's face was told; null where the key was made elsewhere. */
  ai_type: string | null;
  expires_at: number | null;
  revoked_at: number | null;
  created_at: Generated<number>;
  updated_at: Generated<number>;
  revision: Generated<number>;
}

interface AccessKeyUseTable {
  access_key_id: string;
  last_used_at: number;
}

interface InvitationTable {
  id: Generated<string>;
  email: string;
  role: 'administrator' | 'manager' | 'user';
  workspace_id: string | null;
  workspace_role: 'READ' | 'WRITE' | 'ADMIN' | null;
  hash: string;
  created_by: string;
  expires_at: number;
  accepted_at: number | null;
  revoked_at: number | null;
  created_at: Generated<number>;
}

export interface AccountSchema {
  users: UserTable;
  sessions: SessionTable;
  accounts: AccountTable;
  verifications: VerificationTable;
  rate_limits: RateLimitTable;
  two_factors: TwoFactorTable;
  used_codes: UsedCodeTable;
  people: PersonTable;
  personal_tokens: PersonalTokenTable;
  access_keys: AccessKeyTable;
  access_key_uses: AccessKeyUseTable;
  invitations: InvitationTable;
}
