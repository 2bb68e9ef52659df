/** Texts and ids from outside: what is stored, listed or searched holds no control character and no half of a character. */
import { z } from 'zod';
import { isBlank } from './blank.ts';

const printable = /^\P{Cc}*$/u;

/** No control character (PostgreSQL refuses U+0000, a log line would break at others) and no lone surrogate, which no UTF-8 can hold. */
export const isPlain = (text: string): boolean => printable.test(text) && text.isWellFormed();
export const plainFault = { message: 'control characters and broken characters are not allowed' };

/** A text of any length from `min` to `max` characters, kept byte for byte. */
export const plainText = (min: number, max: number) => z.string().min(min).max(max).refine(isPlain, plainFault);
/** As `plainText`, without the blanks around it; what shows nothing at all is empty. */
export const trimmedText = (min: number, max: number) =>
  z
    .string()
    .trim()
    .overwrite((text) => (isBlank(text) ? '' : text))
    .min(min)
    .max(max)
    .refine(isPlain, plainFault);

/** A display name: 1 to 255 characters, trimmed. */
export const nameText = trimmedText(1, 255);
/** A provider's model id, kept and sent byte for byte. */
export const modelText = plainText(1, 255);

/** Ids are compared as texts, so each is folded to the one spelling in which it is stored (RFC 9562, 4: input in any case). */
export const uuidText = z.uuid().toLowerCase();
/** An id in a body or a query; one that is none is answered like one that does not exist. */
export const idText = z.string().min(1).max(100).toLowerCase().refine(isPlain, plainFault);
/** An id in a path: whatever it is, it names a thing or nothing. */
export const pathId = z.string().toLowerCase();

/** A key file (JSON, as cloud vendors hand it out) on one line, so that it is a secret like any other; every other text as it is. */
export function compactKeyFile(text: string): string {
  if (!text.trimStart().startsWith('{')) return text;
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}
