/** The installation's AI settings at rest: one row of the settings, with a revision of its own. */
import { aiSettingsDefault, type AiSettings } from '../domain/ai-settings.ts';
import { thisRevision } from './changes.ts';
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';

const key = 'ai_settings';

export const staleAiSettings = 'ai-settings';

type Kept = Pick<AiSettings, 'maxTokens' | 'temperature' | 'isEnvironmentUsed'>;

const ofRow = (row: { value: string; revision: number; updated_at: number }): AiSettings => ({
  ...(JSON.parse(row.value) as Kept),
  savedAtMs: row.updated_at,
  revision: row.revision,
});

/** What was saved, or what the form begins with. */
export async function aiSettingsOf({ db }: Database): Promise<AiSettings> {
  const row = await db.selectFrom('settings').select(['value', 'revision', 'updated_at']).where('key', '=', key).executeTakeFirst();
  return row ? ofRow(row) : aiSettingsDefault;
}

/** Undefined where they were not saved above the revision. */
export async function aiSettingsAbove({ db }: Pick<Database, 'db'>, revision: number): Promise<AiSettings | undefined> {
  const row = await db
    .selectFrom('settings')
    .select(['value', 'revision', 'updated_at'])
    .where('key', '=', key)
    .where('revision', '>', revision)
    .executeTakeFirst();
  return row && ofRow(row);
}

/** Fails the batch as `ai-settings` where somebody saved them since they had `readRevision`. */
export function putAiSettings(
  { db, compile }: Database,
  { maxTokens, temperature, isEnvironmentUsed }: Kept,
  saved: { readRevision: number; nowMs: number },
): Statement {
  const value = JSON.stringify({ maxTokens, temperature, isEnvironmentUsed });
  return compile(
    db
      .insertInto('settings')
      .values({ key, value, revision: thisRevision, updated_at: saved.nowMs })
      .onConflict((conflict) =>
        conflict
          .column('key')
          .doUpdateSet({ value, revision: thisRevision, updated_at: saved.nowMs })
          .where('settings.revision', '=', saved.readRevision),
      ),
    { expectRows: 1, label: staleAiSettings },
  );
}
