/** The backups of a connection as the form holds them: one text of JSON, as every setting that is more than a word. */

export interface BackupRow {
  connectionId: string;
  model: string;
}

/** As many as the server takes. */
export const backupRowsMax = 5;

/** What is no list of backups reads as none. */
export function readBackups(text: string): BackupRow[] {
  if (text.trim() === '') return [];
  try {
    const listed = JSON.parse(text) as unknown;
    if (!Array.isArray(listed)) return [];
    return (listed as { connectionId?: unknown; model?: unknown }[]).map(({ connectionId, model }) => ({
      connectionId: typeof connectionId === 'string' ? connectionId : '',
      model: typeof model === 'string' ? model : '',
    }));
  } catch {
    return [];
  }
}

/** A model that is left out is the backup's own choice. */
export const writeBackups = (rows: readonly BackupRow[]): string =>
  rows.length === 0
    ? ''
    : JSON.stringify(rows.map(({ connectionId, model }) => (model === '' ? { connectionId } : { connectionId, model })));

/** Without rows in which nothing was chosen. */
export const chosenBackups = (text: string): unknown => {
  const rows = readBackups(text).filter(({ connectionId }) => connectionId !== '');
  return rows.length === 0 ? undefined : (JSON.parse(writeBackups(rows)) as unknown);
};

/** The rows with one of them a place further up or down. */
export function movedRow<Row>(rows: readonly Row[], at: number, by: 1 | -1): Row[] {
  const next = [...rows];
  const [one] = next.splice(at, 1);
  if (one !== undefined) next.splice(at + by, 0, one);
  return next;
}
