/** Says where a sealed value belongs, and turns that into the bytes a box is bound to. */

/** Whose key seals the value: the scope owner (C-42), so removing a person does not break what a workspace shares. */
export interface OwnerRef {
  scope: 'user' | 'workspace' | 'organization';
  id: string;
}

/**
 * Where a sealed value belongs: bound as associated data, so it opens nowhere else. `origin` is the destination the secret was
 * entered for (`https://api.openai.com`), in the caller's one canonical spelling: two spellings are two places.
 * `provider` and `origin` may be empty where a secret has neither (a signing key); the other fields may not.
 */
export interface Place {
  table: string;
  column: string;
  rowId: string;
  owner: OwnerRef;
  purpose: string;
  provider: string;
  origin: string;
}

const fieldBytesMax = 2048;
// HKDF in Node takes at most 1,024 bytes of info, and the owner's id is the only part of it without a fixed length.
const ownerIdBytesMax = 512;
const lengthBytes = 4;

/**
 * Joins parts into one byte string that can be read in one way only: each part follows its length (uint32, big endian).
 * A plain join would make ('ab','c') and ('a','bc') the same place.
 */
export function lengthPrefixed(parts: readonly (string | Uint8Array)[]): Buffer {
  // One buffer instead of one per part: this runs for every attempt of every request.
  let total = 0;
  for (const part of parts) total += lengthBytes + byteLengthOf(part);
  const joined = Buffer.alloc(total);
  let at = 0;
  for (const part of parts) {
    at = joined.writeUInt32BE(byteLengthOf(part), at);
    if (typeof part === 'string') at += joined.write(part, at, 'utf8');
    else {
      joined.set(part, at);
      at += part.length;
    }
  }
  return joined;
}

function byteLengthOf(part: string | Uint8Array): number {
  return typeof part === 'string' ? Buffer.byteLength(part, 'utf8') : part.length;
}

/** The associated data of a box: what it is, its header and its place. Changing any of it makes the box fail to open. */
export function associatedData(header: Uint8Array, place: Place): Buffer {
  const { table, column, rowId, owner, purpose, provider, origin } = place;
  return lengthPrefixed(['patchbay/secret/v1', header, table, column, rowId, owner.scope, owner.id, purpose, provider, origin]);
}

/** The name of the first field that cannot be bound (empty, too long, broken UTF-16), or null where the place is sound. */
export function placeFault(place: Place): string | null {
  if (!isBindable(place.table, 1, fieldBytesMax)) return 'table';
  if (!isBindable(place.column, 1, fieldBytesMax)) return 'column';
  if (!isBindable(place.rowId, 1, fieldBytesMax)) return 'rowId';
  if (!isBindable(place.owner.scope, 1, fieldBytesMax)) return 'owner.scope';
  if (!isBindable(place.owner.id, 1, ownerIdBytesMax)) return 'owner.id';
  if (!isBindable(place.purpose, 1, fieldBytesMax)) return 'purpose';
  if (!isBindable(place.provider, 0, fieldBytesMax)) return 'provider';
  return isBindable(place.origin, 0, fieldBytesMax) ? null : 'origin';
}

function isBindable(text: string, bytesMin: number, bytesMax: number): boolean {
  const bytes = Buffer.byteLength(text);
  // A lone surrogate becomes U+FFFD in UTF-8, so two different texts would be one place.
  return bytes >= bytesMin && bytes <= bytesMax && text.isWellFormed();
}
