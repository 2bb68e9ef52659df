/** Encrypts larger contents under a key of their own, which the vault seals: the text is bound to its row and its column. */
import { ivBytes } from './box.ts';
import { gcmOpened, gcmOverheadBytes, gcmSealed } from './gcm.ts';
import { lengthPrefixed } from './place.ts';
import { SecretUnreadable, type RandomBytes } from './vault.ts';

const dataKeyBytes = 32;
const prefix = 'e1.';

/** Where enveloped contents belong; they open nowhere else. */
export interface EnvelopePlace {
  table: string;
  column: string;
  rowId: string;
}

const boundTo = ({ table, column, rowId }: EnvelopePlace): Buffer => lengthPrefixed(['patchbay/envelope/v1', table, column, rowId]);

/** A new key for one row, as a text that `Vault.seal` takes. */
export const newDataKey = (random: RandomBytes): string => Buffer.from(random.bytes(dataKeyBytes)).toString('base64url');

function keyOf(dataKey: string): Buffer {
  const key = Buffer.from(dataKey, 'base64url');
  if (key.length !== dataKeyBytes) throw new SecretUnreadable('malformed');
  return key;
}

/** `e1.` and base64 of iv(12), cipher text, tag(16). Differs each time. */
export function sealContents(contents: Uint8Array, dataKey: string, place: EnvelopePlace, random: RandomBytes): string {
  return prefix + gcmSealed(contents, keyOf(dataKey), boundTo(place), random.bytes(ivBytes)).toString('base64');
}

/** Throws SecretUnreadable, and nothing else of its own. */
export function openContents(text: string, dataKey: string, place: EnvelopePlace): Buffer {
  const bytes = text.startsWith(prefix) ? Buffer.from(text.slice(prefix.length), 'base64') : Buffer.alloc(0);
  if (bytes.length < gcmOverheadBytes) throw new SecretUnreadable('malformed');
  const contents = gcmOpened(bytes, keyOf(dataKey), boundTo(place));
  if (contents === null) throw new SecretUnreadable('not_authentic');
  return contents;
}
