/** Seals and opens secrets: AES-256-GCM under one key per owner, each box bound to the place it was made for. */
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { Secret } from '../lib/secret.ts';
import { boxHeader, boxText, ivBytes, parseBox, plainBytesMax, tagBytes, type Box } from './box.ts';
import { deriveLabel, deriveOwnerKey, isKeyVersion, saltBytes, type MasterKey, type OwnerKey } from './keys.ts';
import { associatedData, placeFault, type OwnerRef, type Place } from './place.ts';
import { masterKeyBytes } from './weak-keys.ts';
import { unwrapMasterKey, wrapMasterKey, type WrappedKeyRow } from './wrap.ts';

/** Where randomness comes from; handed in so that this folder stays pure. Must be cryptographically strong. */
export interface RandomBytes {
  bytes(count: number): Uint8Array;
}

export type UnreadableReason = 'malformed' | 'master_key_missing' | 'owner_key_missing' | 'place_invalid' | 'not_authentic';

const unreadableTexts: Record<UnreadableReason, string> = {
  malformed: 'the sealed value is damaged or of an unknown version',
  master_key_missing: 'the sealed value needs a master key that is not loaded',
  owner_key_missing: 'the sealed value needs an owner key that does not exist',
  place_invalid: 'the place of the sealed value is not complete',
  not_authentic: 'the sealed value was altered or belongs to another place',
};

/**
 * A box that does not open. Carries a reason and no part of the box, the place or the plaintext, so it may be logged.
 * There is no second try with another key and no fall-back to the stored text: the connection is unusable until re-entry.
 */
export class SecretUnreadable extends Error {
  override readonly name = 'SecretUnreadable';
  readonly reason: UnreadableReason;

  constructor(reason: UnreadableReason) {
    super(unreadableTexts[reason]);
    this.reason = reason;
  }
}

/** Looks an owner's key up by version; undefined where it was shredded or never was. */
export type OwnerKeyOf = (version: number) => OwnerKey | undefined;

export interface Vault {
  /**
   * Seals a text of at most 65,536 bytes under the current master key and the given owner key. The result is one line,
   * `v1.` and base64url of ver(1) alg(1) masterVersion(4) ownerVersion(4) iv(12) cipher text, tag(16), and differs each time.
   * Throws RangeError for a text, place or key that could not be opened again; that is the caller's bug.
   */
  seal(plain: string, place: Place, ownerKey: OwnerKey): string;
  /** Opens a box at its place. Throws SecretUnreadable, and nothing else of its own. */
  open(box: string, place: Place, ownerKeyOf: OwnerKeyOf): Secret;
  /** Which keys a box needs, as its header says; not authenticated. Throws SecretUnreadable('malformed'). */
  versionsOf(box: string): { master: number; owner: number };
  /** Opens a box and seals it anew at the same place, under the current master key and the given owner key (R-101, R-102, C-11). */
  reseal(box: string, place: Place, ownerKeyOf: OwnerKeyOf, newOwnerKey: OwnerKey): string;
  /** A new owner key with a random salt; the caller stores it before it stores any box made with it. */
  newOwnerKey(version: number): OwnerKey;
  /** The version of the master key that new boxes are made with. */
  readonly current: number;
  /** Takes a master key in while boxes are opened; it opens from now on. Throws RangeError for another key of a known version. */
  learn(master: MasterKey): void;
  /** As `learn`, for a key that lies sealed under another one of this vault. FALSE where that one is not known, or did not seal it. */
  learnWrapped(row: WrappedKeyRow): boolean;
  /** New boxes are made with this version from now on. Throws RangeError for one that is not known. */
  promote(version: number): void;
  /** A master key, of this vault or a new one, sealed under another one, for the list of master keys. Throws RangeError for a version that is not known. */
  wrap(inner: number | MasterKey, under: number | MasterKey): string;
  /** What `deriveLabel` makes of a master key of this vault. Throws RangeError for a version that is not known. */
  labelled(version: number, label: string): Uint8Array;
  /** The text of a master key, for the file in the data directory alone. Throws RangeError for a version that is not known. */
  masterKeyText(version: number): Secret;
  /** All master key versions that can open boxes, in the order given. */
  masterVersions(): number[];
}

const algorithm = 'aes-256-gcm';
// Without this length Node accepts tags of 4 bytes, which can be forged by trying.
const cipherOptions = { authTagLength: tagBytes };
const derivedKeysMax = 1000;
/** Boxes that are opened for every request are taken apart once: the text, its bytes and what it is bound to. */
const preparedMax = 1000;

/**
 * Makes a vault from at least one master key; the last one is current, the others only open. Derived owner keys are kept for
 * the 1,000 owners seen last. Throws RangeError for no key, a key that is not 32 bytes, or two keys of one version.
 */
export function createVault(masters: MasterKey[], random: RandomBytes): Vault {
  const roots = masters.map(toRoot);
  const rootOf = new Map(roots.map((root) => [root.version, root]));
  if (rootOf.size !== roots.length) throw new RangeError('two master keys have the same version');
  const lastRoot = roots.at(-1);
  if (lastRoot === undefined) throw new RangeError('a vault needs at least one master key');
  let currentRoot = lastRoot;
  const keyFor = createKeyRing();
  const prepared = new LRUCache<string, Opening>({ max: preparedMax });
  const draw = checkedDraw(random);

  const seal = (plain: string, place: Place, ownerKey: OwnerKey): string => {
    refuseUnsealable(plain, place, ownerKey);
    const header = boxHeader(currentRoot.version, ownerKey.version);
    const iv = draw(ivBytes);
    const cipher = createCipheriv(algorithm, keyFor(currentRoot, place.owner, ownerKey), iv, cipherOptions);
    cipher.setAAD(associatedData(header, place));
    const cipherText = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
    return boxText(header, iv, cipherText, cipher.getAuthTag());
  };

  const open = (text: string, place: Place, ownerKeyOf: OwnerKeyOf): Secret => {
    const known = prepared.get(text);
    // Only the preparation is kept, never what it opens: the same box at the same place under the same owner key is decrypted anew.
    if (known !== undefined && isSamePlace(known.place, place) && isStillKey(ownerKeyOf(known.box.ownerVersion), known))
      return decrypt(known);
    const box = boxOf(text);
    const root = rootOf.get(box.masterVersion);
    if (root === undefined) throw new SecretUnreadable('master_key_missing');
    if (placeFault(place) !== null) throw new SecretUnreadable('place_invalid');
    const ownerKey = ownerKeyOf(box.ownerVersion);
    // A look-up that answers with another version (say, always the newest) is as good as none: keys are named, never tried.
    if (ownerKey === undefined || ownerKey.version !== box.ownerVersion || !isOwnerKey(ownerKey)) {
      throw new SecretUnreadable('owner_key_missing');
    }
    const opening = {
      box,
      place: { ...place, owner: { ...place.owner } },
      salt: ownerKey.salt,
      aad: associatedData(box.header, place),
      key: keyFor(root, place.owner, ownerKey),
    };
    const secret = decrypt(opening);
    prepared.set(text, opening);
    return secret;
  };

  return {
    seal,
    open,
    versionsOf(text) {
      const box = boxOf(text);
      return { master: box.masterVersion, owner: box.ownerVersion };
    },
    reseal: (text, place, ownerKeyOf, newOwnerKey) => seal(open(text, place, ownerKeyOf).reveal(), place, newOwnerKey),
    newOwnerKey(version) {
      if (!isKeyVersion(version)) throw new RangeError('an owner key version is a whole number from 1 to 2^32 - 1');
      return { version, salt: draw(saltBytes) };
    },
    get current() {
      return currentRoot.version;
    },
    masterVersions: () => [...rootOf.keys()],
    ...masterKeysOf(rootOf, draw, (root) => (currentRoot = root)),
  };
}

/** What a rotation needs of the master keys: they come while boxes are opened, and stand in for one another. */
function masterKeysOf(
  rootOf: Map<number, Root>,
  draw: (count: number) => Uint8Array,
  use: (root: Root) => void,
): Pick<Vault, 'learn' | 'learnWrapped' | 'promote' | 'wrap' | 'labelled' | 'masterKeyText'> {
  const mustKnow = (version: number): Root => {
    const root = rootOf.get(version);
    if (root === undefined) throw new RangeError(`the master key of version ${version} is not loaded`);
    return root;
  };
  const bytesOf = (version: number): MasterKey => ({ version, bytes: mustKnow(version).key.export() });
  const keyOf = (named: number | MasterKey): MasterKey => (typeof named === 'number' ? bytesOf(named) : named);
  const learn = (master: MasterKey): void => {
    const [root, known] = [toRoot(master), rootOf.get(master.version)];
    if (known === undefined) rootOf.set(master.version, root);
    else if (!known.key.equals(root.key)) throw new RangeError('two master keys have the same version');
  };
  return {
    learn,
    learnWrapped({ version, kcv, wrapped, wrappedBy }) {
      if (rootOf.has(version)) return true;
      if (wrapped === null || wrappedBy === null || !rootOf.has(wrappedBy)) return false;
      const bytes = unwrapMasterKey(wrapped, { version, kcv }, bytesOf(wrappedBy));
      if (bytes === null) return false;
      learn({ version, bytes });
      return true;
    },
    promote: (version) => use(mustKnow(version)),
    wrap: (inner, under) => wrapMasterKey(keyOf(inner), keyOf(under), draw(ivBytes)),
    labelled: (version, label) => deriveLabel(bytesOf(version), label),
    masterKeyText: (version) => new Secret(Buffer.from(bytesOf(version).bytes).toString('base64')),
  };
}

/** Derives owner keys, and keeps those of the 1,000 owners seen last. */
function createKeyRing(): (root: Root, owner: OwnerRef, ownerKey: OwnerKey) => KeyObject {
  const derived = new LRUCache<string, KeyObject>({ max: derivedKeysMax });
  return (root, owner, ownerKey) => {
    // The salt is part of the name: after a shred and a re-creation the same version stands for another key. The id comes last,
    // because it is the only part that may contain the separator.
    const salt = Buffer.from(ownerKey.salt).toString('base64url');
    const name = `${root.version}|${ownerKey.version}|${salt}|${owner.scope}|${owner.id}`;
    const known = derived.get(name);
    if (known !== undefined) return known;
    const key = deriveOwnerKey(root.key, owner, ownerKey);
    derived.set(name, key);
    return key;
  };
}

/** A master key as the vault keeps it: Node holds the bytes, and nothing can print them. */
interface Root {
  version: number;
  key: KeyObject;
}

function toRoot(master: MasterKey): Root {
  if (master.bytes.length !== masterKeyBytes) throw new RangeError('a master key has 32 bytes');
  if (!isKeyVersion(master.version)) throw new RangeError('a master key version is a whole number from 1 to 2^32 - 1');
  return { version: master.version, key: createSecretKey(master.bytes) };
}

function isOwnerKey(ownerKey: OwnerKey): boolean {
  return isKeyVersion(ownerKey.version) && ownerKey.salt.length === saltBytes;
}

function boxOf(text: string): Box {
  const box = parseBox(text);
  if (box === null) throw new SecretUnreadable('malformed');
  return box;
}

/** What is sealed must open again, so everything that `open` would refuse is refused here. The texts name no value. */
function refuseUnsealable(plain: string, place: Place, ownerKey: OwnerKey): void {
  // A lone surrogate would come back as U+FFFD: another secret than the one given.
  if (!plain.isWellFormed()) throw new RangeError('a secret must be well-formed text');
  if (Buffer.byteLength(plain) > plainBytesMax) throw new RangeError(`a secret has at most ${plainBytesMax} bytes`);
  const fault = placeFault(place);
  if (fault !== null) throw new RangeError(`a secret cannot be bound to this place: ${fault} is empty, too long or malformed`);
  if (!isOwnerKey(ownerKey)) throw new RangeError('an owner key has a version from 1 to 2^32 - 1 and a salt of 32 bytes');
}

/** All that opening a box takes but the opening itself. */
interface Opening {
  box: Box;
  place: Place;
  /** Of the owner key; compared by identity, because a key that is loaded anew is prepared anew. */
  salt: Uint8Array;
  aad: Buffer;
  key: KeyObject;
}

const isStillKey = (ownerKey: OwnerKey | undefined, { box, salt }: Opening): boolean =>
  ownerKey !== undefined && ownerKey.salt === salt && ownerKey.version === box.ownerVersion && isOwnerKey(ownerKey);

const isSamePlace = (a: Place, b: Place): boolean =>
  a.rowId === b.rowId &&
  a.column === b.column &&
  a.origin === b.origin &&
  a.provider === b.provider &&
  a.purpose === b.purpose &&
  a.table === b.table &&
  a.owner.scope === b.owner.scope &&
  a.owner.id === b.owner.id;

function decrypt({ box, aad, key }: Opening): Secret {
  const decipher = createDecipheriv(algorithm, key, box.iv, cipherOptions);
  decipher.setAAD(aad);
  decipher.setAuthTag(box.tag);
  const start = decipher.update(box.cipherText);
  try {
    // This cipher has given out every byte by now: what `final` answers is empty, and it throws where the tag does not agree.
    decipher.final();
    return new Secret(start.toString('utf8'));
  } catch {
    throw new SecretUnreadable('not_authentic');
  } finally {
    start.fill(0); // Until `final` has agreed these bytes are an attacker's; afterwards they are a second copy.
  }
}

/**
 * Draws bytes and refuses a broken source: a repeated nonce gives away the texts of both boxes and the key that authenticates
 * them, so stopping is better than sealing. Random nonces are safe for 2^32 boxes of one owner key; an owner has a few hundred.
 */
function checkedDraw(random: RandomBytes): (count: number) => Uint8Array {
  let previous: Uint8Array = new Uint8Array(0);
  return (count) => {
    const drawn = Uint8Array.from(random.bytes(count)); // A copy: the source may use its buffer again.
    if (drawn.length !== count) throw new Error('the source of randomness gave another number of bytes');
    if (Buffer.compare(drawn, previous) === 0) throw new Error('the source of randomness repeats itself');
    previous = drawn;
    return drawn;
  };
}
