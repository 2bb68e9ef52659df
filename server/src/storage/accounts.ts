/** better-auth's part of the database: the names of its tables and columns, and its own way in. */
import type { Kysely } from 'kysely';
import { kyselyOn } from './database.ts';
import type { Driver } from './driver.ts';
import type { Schema } from './schema.ts';

/** Spread into better-auth's options; 0001_accounts.*.sql was compiled with exactly these names. */
export const accountNames = {
  user: { modelName: 'users', fields: { emailVerified: 'email_verified', createdAt: 'created_at', updatedAt: 'updated_at' } },
  session: {
    modelName: 'sessions',
    fields: {
      userId: 'user_id',
      expiresAt: 'expires_at',
      ipAddress: 'ip_address',
      userAgent: 'user_agent',
      createdAt: 'created_at',
      updatedAt: 'updated_at',
    },
  },
  account: {
    modelName: 'accounts',
    fields: {
      userId: 'user_id',
      accountId: 'account_id',
      providerId: 'provider_id',
      accessToken: 'access_token',
      refreshToken: 'refresh_token',
      idToken: 'id_token',
      accessTokenExpiresAt: 'access_token_expires_at',
      refreshTokenExpiresAt: 'refresh_token_expires_at',
      createdAt: 'created_at',
      updatedAt: 'updated_at',
    },
  },
  verification: { modelName: 'verifications', fields: { expiresAt: 'expires_at', createdAt: 'created_at', updatedAt: 'updated_at' } },
} as const;

/** The second factor's part, for the plugin's own `schema`; 0008_second_factor.*.sql was compiled with these names. */
export const secondFactorNames = {
  user: { fields: { twoFactorEnabled: 'two_factor_enabled' } },
  twoFactor: {
    modelName: 'two_factors',
    fields: {
      userId: 'user_id',
      backupCodes: 'backup_codes',
      failedVerificationCount: 'failed_verification_count',
      lockedUntil: 'locked_until',
    },
  },
} as const;

/** As above; `rateLimit` also takes `enabled`, `window` and `max`, which are not storage's business. */
export const rateLimitNames = { storage: 'database', modelName: 'rate_limits', fields: { lastRequest: 'last_request' } } as const;

/** better-auth binds Dates on PostgreSQL (on SQLite it writes ISO 8601 texts itself); undefined means an absent value to it. */
const authParameter = (parameter: unknown): unknown => {
  if (parameter instanceof Date) return parameter.toISOString();
  return parameter === undefined ? null : parameter;
};

/**
 * What better-auth is given as `database`. It must never be called inside a batch of ours, and has no transactions here:
 * each of its statements stands alone.
 */
export const authDatabase = (driver: Driver): { db: Kysely<Schema>; type: 'sqlite' | 'postgres'; transaction: false } => ({
  db: kyselyOn<Schema>(driver, authParameter),
  type: driver.engine,
  transaction: false,
});

export const kyselyForAuth = (driver: Driver): Kysely<Schema> => authDatabase(driver).db;
