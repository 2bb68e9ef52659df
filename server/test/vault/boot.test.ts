/** The boot matrix of master keys: one test per situation an operator can be in. */
import { describe, expect, test } from 'vitest';
import { decideMasterKeys, type MasterKeyDecision, type MasterKeyFindings, type StoredMasterKey } from '../../src/vault/boot.ts';
import { keyCheckValue } from '../../src/vault/keys.ts';
import { createVault } from '../../src/vault/vault.ts';
import { canary, keyRing, newMaster, place, strongRandom } from './parts.ts';

const one = newMaster(1).bytes;
const two = newMaster(2).bytes;
const three = newMaster(3).bytes;
const row = (version: number, bytes: Uint8Array, status: StoredMasterKey['status']): StoredMasterKey => ({
  version,
  kcv: keyCheckValue(bytes),
  status,
});

const empty: MasterKeyFindings = {
  given: null,
  fileKey: null,
  previous: [],
  stored: [],
  sealedRows: 0,
  production: false,
  manyInstances: false,
};
const decide = (findings: Partial<MasterKeyFindings>): MasterKeyDecision => decideMasterKeys({ ...empty, ...findings });
const used = (masters: [number, Uint8Array][], changes: StoredMasterKey[] = [], unusedKcvs: string[] = []): MasterKeyDecision => ({
  kind: 'use',
  masters: masters.map(([version, bytes]) => ({ version, bytes })),
  changes,
  unusedKcvs,
});

/** The one line of a refusal; it must be one line, and show no key. */
function refusal(findings: Partial<MasterKeyFindings>): string {
  const decision = decide(findings);
  if (decision.kind !== 'refuse') throw new Error(`expected a refusal, got ${decision.kind}`);
  expect(decision.line).not.toContain('\n');
  for (const bytes of [one, two, three]) {
    for (const encoding of ['hex', 'base64', 'base64url'] as const)
      expect(decision.line).not.toContain(Buffer.from(bytes).toString(encoding).slice(0, 8));
  }
  return decision.line;
}

describe('no key', () => {
  test('and an empty database: one is generated as version 1', () => {
    expect(decide({})).toEqual({ kind: 'generate', version: 1, changes: [] });
    expect(decide({ manyInstances: true })).toEqual({ kind: 'generate', version: 1, changes: [] });
  });

  test('in production: refused, also on an empty database', () => {
    expect(refusal({ production: true })).toMatch(/PATCHBAY_MASTER_KEY is not set.*openssl rand -base64 32/);
    expect(refusal({ production: true, stored: [row(1, one, 'active')] })).toContain('PATCHBAY_MASTER_KEY');
  });

  test('and sealed secrets: refused, naming how many and which key, never generated', () => {
    expect(refusal({ stored: [row(1, one, 'active')], sealedRows: 12 })).toBe(
      `12 sealed secrets need the master key with kcv=${keyCheckValue(one)}; set PATCHBAY_MASTER_KEY to it`,
    );
    expect(refusal({ stored: [row(1, one, 'active')], sealedRows: 1 })).toMatch(/^1 sealed secret needs /);
    expect(refusal({ stored: [row(1, one, 'active')], sealedRows: 1, production: true })).toContain(keyCheckValue(one));
    expect(refusal({ sealedRows: 3 })).toContain('kcv=unknown');
  });

  test('in the middle of a rotation: refused, naming both keys and not the retired one', () => {
    const line = refusal({
      stored: [row(1, one, 'retired'), row(2, two, 'decrypt_only'), row(3, three, 'active')],
      sealedRows: 5,
    });
    expect(line).toContain(`${keyCheckValue(two)}, ${keyCheckValue(three)}`);
    expect(line).not.toContain(keyCheckValue(one));
  });

  test('and a recorded key that sealed nothing: the next version is generated and the lost one retired', () => {
    expect(decide({ stored: [row(1, one, 'active')] })).toEqual({
      kind: 'generate',
      version: 2,
      changes: [row(1, one, 'retired')],
    });
    expect(decide({ stored: [row(1, one, 'retired'), row(4, two, 'active')] })).toEqual({
      kind: 'generate',
      version: 5,
      changes: [row(4, two, 'retired')],
    });
  });

  test('and a recorded key on a shared database: refused, because another instance may hold it', () => {
    expect(refusal({ stored: [row(1, one, 'active')], manyInstances: true })).toContain(`kcv=${keyCheckValue(one)}`);
    expect(decide({ stored: [row(1, one, 'retired')], manyInstances: true }).kind).toBe('generate');
  });
});

describe('the right key', () => {
  test('is recorded as version 1 at the first start', () => {
    expect(decide({ given: one })).toEqual(used([[1, one]], [row(1, one, 'active')]));
    expect(decide({ given: one, production: true, manyInstances: true })).toEqual(used([[1, one]], [row(1, one, 'active')]));
  });

  test('is used at every later start, and nothing is written', () => {
    expect(decide({ given: one, stored: [row(1, one, 'active')], sealedRows: 9 })).toEqual(used([[1, one]]));
  });

  test('from the data directory is as good, in production too', () => {
    expect(decide({ fileKey: one })).toEqual(used([[1, one]], [row(1, one, 'active')]));
    expect(decide({ fileKey: one, stored: [row(1, one, 'active')], sealedRows: 9, production: true })).toEqual(used([[1, one]]));
  });

  test('from the settings goes before the one in the data directory, which is named as unused', () => {
    expect(decide({ given: one, fileKey: two, stored: [row(1, one, 'active')] })).toEqual(used([[1, one]], [], [keyCheckValue(two)]));
    expect(decide({ given: one, fileKey: one, stored: [row(1, one, 'active')] })).toEqual(used([[1, one]]));
  });

  test('with previous keys that nobody needs: they are named as unused', () => {
    expect(decide({ given: one, previous: [three], stored: [row(1, one, 'active')] })).toEqual(
      used([[1, one]], [], [keyCheckValue(three)]),
    );
  });
});

describe('the wrong key', () => {
  test('is refused with both check values', () => {
    const line = refusal({ given: two, stored: [row(1, one, 'active')], sealedRows: 4 });
    expect(line).toContain(`kcv=${keyCheckValue(two)} was given`);
    expect(line).toContain(`kcv=${keyCheckValue(one)} is needed`);
  });

  test('is refused before anything was sealed too: the audit trail already depends on the first', () => {
    expect(refusal({ given: two, stored: [row(1, one, 'active')] })).toContain(keyCheckValue(one));
    expect(refusal({ fileKey: two, stored: [row(1, one, 'active')] })).toContain(keyCheckValue(one));
  });

  test('beside the right one in the data directory is refused with a hint, not taken for a rotation', () => {
    expect(refusal({ given: two, fileKey: one, stored: [row(1, one, 'active')], sealedRows: 4 })).toContain(
      'the key file in the data directory has that one',
    );
  });

  test('an old key is refused where the new one is active', () => {
    expect(refusal({ given: one, stored: [row(1, one, 'decrypt_only'), row(2, two, 'active')], sealedRows: 4 })).toContain(
      `kcv=${keyCheckValue(two)} is needed`,
    );
    expect(refusal({ given: one, stored: [row(1, one, 'retired'), row(2, two, 'active')], sealedRows: 4 })).toContain(
      `kcv=${keyCheckValue(two)} is needed`,
    );
  });

  test('a database with sealed secrets and no recorded key is not claimed by whatever key is given', () => {
    expect(refusal({ given: one, sealedRows: 4 })).toMatch(/4 sealed secrets need .*restore/);
  });

  test('a database whose list of keys has no active one is refused', () => {
    expect(refusal({ given: one, stored: [row(1, one, 'decrypt_only')], sealedRows: 4 })).toContain('recorded as active');
  });
});

describe('a weak key', () => {
  const zeros = new Uint8Array(32);

  test.each([
    ['zeros', zeros],
    ['16 bytes', one.subarray(0, 16)],
    ['counted', Uint8Array.from({ length: 32 }, (_, index) => index)],
  ])('%s: refused from settings and file', (_name, bytes) => {
    expect(refusal({ given: bytes })).toMatch(/^the master key is refused: .*openssl rand -base64 32/);
    expect(refusal({ fileKey: bytes })).toContain('refused');
    expect(refusal({ given: bytes, stored: [row(1, bytes, 'active')], sealedRows: 2 })).toContain('refused');
  });

  test('may be a previous key, so that one can move away from it', () => {
    expect(decide({ given: two, previous: [zeros], stored: [row(1, zeros, 'active')], sealedRows: 2 })).toEqual(
      used(
        [
          [1, zeros],
          [2, two],
        ],
        [row(1, zeros, 'decrypt_only'), row(2, two, 'active')],
      ),
    );
  });
});

describe('rotation', () => {
  const stored = [row(1, one, 'active')];

  test('on one instance a new key with the old one beside it is current at once', () => {
    expect(decide({ given: two, previous: [one], stored, sealedRows: 4 })).toEqual(
      used(
        [
          [1, one],
          [2, two],
        ],
        [row(1, one, 'decrypt_only'), row(2, two, 'active')],
      ),
    );
  });

  test('on many instances it only opens until all have it', () => {
    expect(decide({ given: two, previous: [one], stored, sealedRows: 4, manyInstances: true })).toEqual(
      used(
        [
          [2, two],
          [1, one],
        ],
        [row(2, two, 'pending')],
      ),
    );
    // The next instance that starts with both finds the row there.
    expect(
      decide({ given: two, previous: [one], stored: [...stored, row(2, two, 'pending')], sealedRows: 4, manyInstances: true }),
    ).toEqual(
      used([
        [2, two],
        [1, one],
      ]),
    );
    // An instance that was not given the new key yet goes on with the old one.
    expect(decide({ given: one, stored: [...stored, row(2, two, 'pending')], sealedRows: 4, manyInstances: true })).toEqual(
      used([[1, one]]),
    );
  });

  test('a pending key becomes active where one instance starts alone', () => {
    expect(decide({ given: two, previous: [one], stored: [...stored, row(2, two, 'pending')], sealedRows: 4 })).toEqual(
      used(
        [
          [1, one],
          [2, two],
        ],
        [row(1, one, 'decrypt_only'), row(2, two, 'active')],
      ),
    );
  });

  test('after the switch both keys are needed, and the missing one is named', () => {
    const after = [row(1, one, 'decrypt_only'), row(2, two, 'active')];
    expect(decide({ given: two, previous: [one], stored: after, sealedRows: 4 })).toEqual(
      used([
        [1, one],
        [2, two],
      ]),
    );
    expect(refusal({ given: two, stored: after, sealedRows: 4 })).toBe(
      `4 sealed secrets need also the master key with kcv=${keyCheckValue(one)}; give it as PATCHBAY_MASTER_KEY_PREVIOUS`,
    );
    expect(decide({ given: two, stored: after, sealedRows: 0 })).toEqual(used([[2, two]]));
  });

  test('the old key may also lie in the data directory, where the first start had put it', () => {
    expect(decide({ given: two, fileKey: one, stored: [row(1, one, 'decrypt_only'), row(2, two, 'active')], sealedRows: 4 })).toEqual(
      used([
        [1, one],
        [2, two],
      ]),
    );
  });

  test('a retired key is not needed, and opens restored rows where it is still given', () => {
    const after = [row(1, one, 'retired'), row(2, two, 'active')];
    expect(decide({ given: two, stored: after, sealedRows: 4 })).toEqual(used([[2, two]]));
    expect(decide({ given: two, previous: [one], stored: after, sealedRows: 4 })).toEqual(
      used([
        [1, one],
        [2, two],
      ]),
    );
  });

  test('the database says which key seals: settings in the other order change nothing', () => {
    for (const status of ['decrypt_only', 'retired'] as const) {
      const after = [row(1, one, status), row(2, two, 'active')];
      expect(decide({ given: one, previous: [two], stored: after, sealedRows: 4 })).toEqual(
        used([
          [1, one],
          [2, two],
        ]),
      );
    }
  });

  test('a new key must not be given with only some of the old ones', () => {
    const after = [row(1, one, 'decrypt_only'), row(2, two, 'active')];
    expect(refusal({ given: three, previous: [two], stored: after, sealedRows: 4 })).toContain(keyCheckValue(one));
    expect(refusal({ given: three, previous: [one], stored: after, sealedRows: 4 })).toContain(`kcv=${keyCheckValue(two)} is needed`);
    expect(decide({ given: three, previous: [two, one], stored: after, sealedRows: 4 })).toEqual(
      used(
        [
          [1, one],
          [2, two],
          [3, three],
        ],
        [row(2, two, 'decrypt_only'), row(3, three, 'active')],
      ),
    );
  });

  test('the order of the rows does not matter, and of two active ones the later counts', () => {
    const shuffled = [row(3, three, 'active'), row(2, two, 'decrypt_only'), row(1, one, 'decrypt_only')];
    expect(decide({ given: three, previous: [two, one], stored: shuffled, sealedRows: 4 })).toEqual(
      used([
        [1, one],
        [2, two],
        [3, three],
      ]),
    );
    for (const twice of [
      [row(1, one, 'active'), row(2, two, 'active')],
      [row(2, two, 'active'), row(1, one, 'active')],
    ]) {
      expect(decide({ given: two, previous: [one], stored: twice, sealedRows: 4 })).toEqual(
        used([
          [1, one],
          [2, two],
        ]),
      );
      expect(refusal({ given: two, stored: twice, sealedRows: 4 })).toContain(keyCheckValue(one));
    }
  });

  test('previous keys given twice, or the current one among them, count once', () => {
    expect(decide({ given: two, previous: [one, one, two], stored, sealedRows: 4 })).toEqual(
      used(
        [
          [1, one],
          [2, two],
        ],
        [row(1, one, 'decrypt_only'), row(2, two, 'active')],
      ),
    );
  });
});

test('a whole rotation, start by start: every box opens at every step', () => {
  let stored: StoredMasterKey[] = [];
  const start = (findings: Partial<MasterKeyFindings>) => {
    const decision = decide({ ...findings, stored, sealedRows: stored.length });
    if (decision.kind !== 'use') throw new Error(`expected use, got ${JSON.stringify(decision)}`);
    stored = [...stored.filter((known) => !decision.changes.some((change) => change.version === known.version)), ...decision.changes];
    return createVault(decision.masters, strongRandom);
  };
  const first = start({ given: one });
  const ownerKey = first.newOwnerKey(1);
  const old = first.seal(canary, place, ownerKey);

  const second = start({ given: two, previous: [one] });
  expect(second.current).toBe(2);
  expect(second.open(old, place, keyRing(ownerKey)).reveal()).toBe(canary);
  const fresh = second.reseal(old, place, keyRing(ownerKey), ownerKey);

  stored = [row(1, one, 'retired'), row(2, two, 'active')];
  const third = start({ given: two });
  expect(third.masterVersions()).toEqual([2]);
  expect(third.open(fresh, place, keyRing(ownerKey)).reveal()).toBe(canary);
});
