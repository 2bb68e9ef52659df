/** Which workspaces keep the contents of their requests, and for how long. */
import { captureDefault, type CaptureSettings } from '../domain/capture.ts';
import { thisRevision } from './changes.ts';
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';

export const staleCapture = 'workspace-capture';

export async function captureOf({ db }: Database, workspaceId: string): Promise<CaptureSettings> {
  const row = await db.selectFrom('workspace_capture').selectAll().where('workspace_id', '=', workspaceId).executeTakeFirst();
  return row ? { isOn: row.is_on, keptDays: row.kept_days, revision: row.revision } : captureDefault;
}

export interface CaptureOfWorkspace extends CaptureSettings {
  workspaceId: string;
}

/** What was said above a revision, for the snapshot. One row per workspace at most. */
export async function capturesAbove({ db }: Pick<Database, 'db'>, revision: number): Promise<CaptureOfWorkspace[]> {
  const rows = await db.selectFrom('workspace_capture').selectAll().where('revision', '>', revision).execute();
  return rows.map((row) => ({ workspaceId: row.workspace_id, isOn: row.is_on, keptDays: row.kept_days, revision: row.revision }));
}

/** Fails the batch as `workspace-capture` where somebody else said something since. */
export function putCapture(
  { db, compile }: Database,
  { workspaceId, isOn, keptDays, revision }: CaptureOfWorkspace,
  by: { userId: string; nowMs: number },
): Statement {
  const values = { is_on: isOn, kept_days: keptDays, updated_by: by.userId, updated_at: by.nowMs, revision: thisRevision };
  return compile(
    db
      .insertInto('workspace_capture')
      .values({ workspace_id: workspaceId, ...values })
      .onConflict((conflict) => conflict.column('workspace_id').doUpdateSet(values).where('workspace_capture.revision', '=', revision)),
    { expectRows: 1, label: staleCapture },
  );
}
