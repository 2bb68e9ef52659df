/** One page of a list whose rows come newest first. */

export interface PageAnswer {
  success: true;
  data: unknown[];
  nextCursor: string | null;
}

/** A full page may have a successor, whose cursor is its last id; `limit` is what the query asked for. */
export function pageAnswer(rows: readonly { id: string }[], limit: number): PageAnswer {
  return { success: true, data: [...rows], nextCursor: rows.length < limit ? null : (rows.at(-1)?.id ?? null) };
}
