/** Master keys that stand in for one another during a rotation: one of them, sealed under another, so that either opens both. */
import { gcmOpened, gcmOverheadBytes, gcmSealed } from './gcm.ts';
import { deriveLabel, keyCheckValue, type MasterKey } from './keys.ts';
import { lengthPrefixed } from './place.ts';
import { masterKeyBytes } from './weak-keys.ts';

const prefix = 'w1.';
const label = 'master-key-wrap';

/** Which key stands in which: a text that is moved to another row of the list opens nothing. */
const boundTo = (inner: { version: number; kcv: string }, outer: MasterKey): Buffer =>
  lengthPrefixed(['patchbay/master-key/v1', String(inner.version), inner.kcv, String(outer.version), keyCheckValue(outer.bytes)]);

/** The inner key as one line that the outer one opens. `iv` are 12 random bytes. */
export function wrapMasterKey(inner: MasterKey, outer: MasterKey, iv: Uint8Array): string {
  const bound = boundTo({ version: inner.version, kcv: keyCheckValue(inner.bytes) }, outer);
  return prefix + gcmSealed(inner.bytes, deriveLabel(outer, label), bound, iv).toString('base64url');
}

/** The key in such a line; null where the outer key did not make it for exactly this version and check value. */
export function unwrapMasterKey(text: string, inner: { version: number; kcv: string }, outer: MasterKey): Uint8Array | null {
  const bytes = text.startsWith(prefix) ? Buffer.from(text.slice(prefix.length), 'base64url') : Buffer.alloc(0);
  if (bytes.length !== masterKeyBytes + gcmOverheadBytes) return null;
  const opened = gcmOpened(bytes, deriveLabel(outer, label), boundTo(inner, outer));
  return opened !== null && keyCheckValue(opened) === inner.kcv ? new Uint8Array(opened) : null;
}

/** A row of the list of master keys that may hold its key, sealed under the key of another row. */
export interface WrappedKeyRow {
  version: number;
  kcv: string;
  wrapped: string | null;
  wrappedBy: number | null;
}

/** All keys that can be had from those that are known: each opens the rows that were sealed under it, and so on. */
export function unwrapAll(rows: readonly WrappedKeyRow[], known: readonly Uint8Array[]): Uint8Array[] {
  const byKcv = new Map(known.map((bytes) => [keyCheckValue(bytes), bytes]));
  const found: Uint8Array[] = [];
  // Each pass finds at least one more key, or ends.
  for (let isMore = true; isMore;) {
    isMore = false;
    for (const row of rows) {
      const outerRow = rows.find(({ version }) => version === row.wrappedBy);
      const outer = outerRow && byKcv.get(outerRow.kcv);
      if (row.wrapped === null || outerRow === undefined || outer === undefined || byKcv.has(row.kcv)) continue;
      const bytes = unwrapMasterKey(row.wrapped, row, { version: outerRow.version, bytes: outer });
      if (bytes === null) continue;
      byKcv.set(row.kcv, bytes);
      found.push(bytes);
      isMore = true;
    }
  }
  return found;
}
