/** Small facts of the installation, one text per key. */
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';

export type SettingKey =
  | 'setup_token_hash'
  | 'environment_token_id'
  | 'default_workspace_id'
  | 'audit_retention_days'
  | 'default_alert_rules';

export async function settingOf({ db }: Database, key: SettingKey): Promise<string | undefined> {
  return (await db.selectFrom('settings').select('value').where('key', '=', key).executeTakeFirst())?.value;
}

export const putSetting = ({ db, compile }: Database, key: SettingKey, value: string, nowMs: number): Statement =>
  compile(
    db
      .insertInto('settings')
      .values({ key, value, updated_at: nowMs })
      .onConflict((conflict) => conflict.column('key').doUpdateSet({ value, updated_at: nowMs })),
  );

/** Takes a setting away if it still has this value; it fails the batch under the key's name where it has not. */
export const takeSetting = ({ db, compile }: Database, key: SettingKey, value: string): Statement =>
  compile(db.deleteFrom('settings').where('key', '=', key).where('value', '=', value), { expectRows: 1, label: key });

export const dropSetting = ({ db, compile }: Database, key: SettingKey): Statement =>
  compile(db.deleteFrom('settings').where('key', '=', key));

/** Keeps a setting that was never kept; it fails the batch under the key's name where it was. */
export const claimSetting = ({ db, compile }: Database, key: SettingKey, value: string, nowMs: number): Statement =>
  compile(
    db
      .insertInto('settings')
      .values({ key, value, updated_at: nowMs })
      .onConflict((conflict) => conflict.column('key').doNothing()),
    { expectRows: 1, label: key },
  );
