/** What the vault's tests share: real randomness, a repeatable one, and one ordinary place. */
import { randomBytes } from 'node:crypto';
import type { MasterKey, OwnerKey } from '../../src/vault/keys.ts';
import type { Place } from '../../src/vault/place.ts';
import { SecretUnreadable, type OwnerKeyOf, type RandomBytes, type UnreadableReason, type Vault } from '../../src/vault/vault.ts';

export const strongRandom: RandomBytes = { bytes: (count) => new Uint8Array(randomBytes(count)) };

export const newMaster = (version: number): MasterKey => ({ version, bytes: new Uint8Array(randomBytes(32)) });

export const place: Place = {
  table: 'ai_configurations',
  column: 'secret_sealed',
  rowId: '01980000-0000-7000-8000-000000000001',
  owner: { scope: 'user', id: '01980000-0000-7000-8000-00000000000a' },
  purpose: 'provider-secret',
  provider: 'openai',
  origin: 'https://api.openai.com',
};

export const canary = 'sk-canary-7Q2mX9vLpR4tYw8ZbN3cKd6F';

export const keyRing =
  (...keys: OwnerKey[]): OwnerKeyOf =>
  (version) =>
    keys.find((key) => key.version === version);

/** What a call throws; fails the test where it throws nothing. */
export function errorOf(run: () => unknown): unknown {
  let result: unknown;
  try {
    result = run();
  } catch (error) {
    return error;
  }
  throw new Error(`nothing was thrown, but a ${typeof result} returned`);
}

/** The same for the vault's own error; anything else that comes out fails the test. */
export function unreadableOf(run: () => unknown): SecretUnreadable {
  const error = errorOf(run);
  if (error instanceof SecretUnreadable) return error;
  throw new Error(`expected SecretUnreadable, got ${String(error)}`, { cause: error });
}

/** Why a box does not open. */
export function reasonOf(vault: Vault, box: string, at: Place, keys: OwnerKeyOf): UnreadableReason {
  return unreadableOf(() => vault.open(box, at, keys)).reason;
}

/** Takes the text off a box, so that tests can damage bytes. */
export const bytesOf = (box: string): Buffer => Buffer.from(box.slice('v1.'.length), 'base64url');

export const boxOfBytes = (bytes: Uint8Array): string => `v1.${Buffer.from(bytes).toString('base64url')}`;

/** Repeatable numbers in [0, 1) from a 32-bit seed (mulberry32), so that a failing case can be run again. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
