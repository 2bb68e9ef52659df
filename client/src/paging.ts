/** Every list with a cursor as one loop: page after page is asked for as the rows are used. */

/** One page of a list; `nextCursor` is null on the last one. */
export interface CursorPage<Row> {
  data: Row[];
  nextCursor: string | null;
}

/** Rows after which a loop ends that named no bound of its own. */
const rowsMaxDefault = 10_000;
/** Pages after which a loop ends in any case: a list may go on for a while without a row that fits. */
const pagesMax = 10_000;

/**
 * All rows of a list: `for await (const user of eachRow((cursor) => client.users.list({ cursor })))`. Ends with the last page, or after
 * `rowsMax` rows. A page without rows is not the last one while it has a cursor: a narrow filter may take several looks. Leaving the loop asks for nothing more.
 */
export async function* eachRow<Row>(
  readPage: (cursor: string | null) => Promise<CursorPage<Row>>,
  { rowsMax = rowsMaxDefault }: { rowsMax?: number } = {},
): AsyncGenerator<Row, void, undefined> {
  let cursor: string | null = null;
  for (let [rows, pages] = [0, 0]; rows < rowsMax && pages < pagesMax; pages++) {
    const page: CursorPage<Row> = await readPage(cursor);
    for (const row of page.data.slice(0, rowsMax - rows)) yield row;
    rows += page.data.length;
    // The same cursor again would lead round.
    if (page.nextCursor === null || page.nextCursor === cursor) return;
    cursor = page.nextCursor;
  }
}
