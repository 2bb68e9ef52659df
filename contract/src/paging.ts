/** Lists come newest first, page by page: the cursor is the id of the last row, which is also its place in time (UUIDv7). */
import { z } from 'zod';
import { uuidText } from './text.ts';

export const pageRowsMax = 500;

/** A point in time in JSON: ISO 8601 with a zone; answers are always UTC with milliseconds. */
export const isoTime = z.iso.datetime({ offset: true });

export const paging = z.strictObject({
  cursor: uuidText.optional(),
  limit: z.coerce.number().int().min(1).max(pageRowsMax).default(100),
});

export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ success: z.literal(true), data: z.array(item), nextCursor: z.string().nullable() });
