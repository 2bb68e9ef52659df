/** The installation's word on checks, with its revision. */
import { healthSettingsDefault, type HealthSettings } from '../domain/health-settings.ts';
import { thisRevision } from './changes.ts';
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';

const settingsKey = 'health_settings';
export const staleHealthSettings = 'health-settings';

const settingsOfRow = (row: { value: string; revision: number }): HealthSettings => ({
  ...healthSettingsDefault,
  ...(JSON.parse(row.value) as Partial<HealthSettings>),
  revision: row.revision,
});

/** Undefined where they were not saved above the revision. */
export async function healthSettingsAbove({ db }: Pick<Database, 'db'>, above: number): Promise<HealthSettings | undefined> {
  const query = db.selectFrom('settings').select(['value', 'revision']).where('key', '=', settingsKey).where('revision', '>', above);
  const row = await query.executeTakeFirst();
  return row && settingsOfRow(row);
}

export const healthSettingsOf = async (database: Database): Promise<HealthSettings> =>
  (await healthSettingsAbove(database, -1)) ?? healthSettingsDefault;

/** Fails the batch as `health-settings` where somebody saved them since they had this revision. */
export function putHealthSettings({ db, compile }: Database, { everyS, way, revision }: HealthSettings, nowMs: number): Statement {
  const value = JSON.stringify({ everyS, way });
  return compile(
    db
      .insertInto('settings')
      .values({ key: settingsKey, value, revision: thisRevision, updated_at: nowMs })
      .onConflict((conflict) =>
        conflict.column('key').doUpdateSet({ value, revision: thisRevision, updated_at: nowMs }).where('settings.revision', '=', revision),
      ),
    { expectRows: 1, label: staleHealthSettings },
  );
}
