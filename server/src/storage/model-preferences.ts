/** Which models of a connection a person wants to see (D-38). What is not noted is shown. */
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';

export interface ModelPreference {
  connectionId: string;
  modelId: string;
  isEnabled: boolean;
}

/** Preferences of one person that one list holds at most. */
export const preferencesMax = 10_000;

export async function listPreferences({ db }: Database, userId: string, connectionId: string | null): Promise<ModelPreference[]> {
  let query = db.selectFrom('model_preferences').selectAll().where('user_id', '=', userId);
  if (connectionId !== null) query = query.where('connection_id', '=', connectionId);
  const rows = await query.orderBy('connection_id').orderBy('model_id').limit(preferencesMax).execute();
  return rows.map((row) => ({ connectionId: row.connection_id, modelId: row.model_id, isEnabled: row.is_enabled }));
}

/** How many people have chosen which models of a connection they see. */
export async function peopleWithPreferences({ db }: Database, connectionId: string): Promise<number> {
  const row = await db
    .selectFrom('model_preferences')
    .select(({ fn }) => fn.count<number>('user_id').distinct().as('people'))
    .where('connection_id', '=', connectionId)
    .executeTakeFirst();
  return row?.people ?? 0;
}

/** Notes one preference; a second time for the same model replaces the first. */
export function setPreferenceStep({ db, compile }: Database, userId: string, preference: ModelPreference, nowMs: number): Statement {
  return compile(
    db
      .insertInto('model_preferences')
      .values({
        user_id: userId,
        connection_id: preference.connectionId,
        model_id: preference.modelId,
        is_enabled: preference.isEnabled,
        updated_at: nowMs,
      })
      .onConflict((conflict) =>
        conflict.columns(['user_id', 'connection_id', 'model_id']).doUpdateSet({ is_enabled: preference.isEnabled, updated_at: nowMs }),
      ),
  );
}
