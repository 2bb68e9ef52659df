/** The rotation of the master key: everything moves, everything opens, and wherever it is cut off, the next run finishes it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { followingKeys } from '../../src/app/master-key.ts';
import { finishRotation, isRotationUnfinished, rotateMasterKey, type RotationWish } from '../../src/control/master-key-rotation.ts';
import { sealChanges } from '../../src/control/secrets.ts';
import { sealedTables, takeCensus } from '../../src/control/sealed-values.ts';
import type { Caller } from '../../src/control/change.ts';
import type { ControlDeps } from '../../src/control/deps.ts';
import type { Owner } from '../../src/domain/owner.ts';
import { openOne } from '../../src/gateway/secrets.ts';
import { insertStep } from '../../src/storage/connections.ts';
import { wrappedKeys } from '../../src/storage/master-keys.ts';
import { keyCheckValue } from '../../src/vault/keys.ts';
import { unwrapAll } from '../../src/vault/wrap.ts';
import { createVault } from '../../src/vault/vault.ts';
import { openHouse, origin, type House } from '../support/house.ts';
import { createDatabase, needs } from '../support/postgres.ts';

const connectionsCount = 260;

let house: House;
let deps: ControlDeps;
let caller: Caller;
let userId = '';

const wish = (more: Partial<RotationWish> = {}): RotationWish => ({ newKey: null, makesKey: true, isDryRun: false, ...more });
const quietly = (): void => undefined;
const census = (of: Pick<ControlDeps, 'database' | 'vault'> = deps) => takeCensus(of, { isOpening: true, pageRows: 500 });

async function fill(owner: Owner, count: number): Promise<void> {
  for (let made = 0; made < count; made++) {
    const id = deps.ids.uuid();
    const placed = { id, owner, providerId: 'openai', origin: 'https://api.openai.com' };
    const { sealed, steps } = await sealChanges(
      deps,
      placed,
      { secret: null, accessKeyId: null, headers: null },
      { secret: { kind: 'set', text: `sk-${id}` }, accessKeyId: { kind: 'keep' }, headers: { kind: 'set', text: `{"x-id":"${id}"}` } },
    );
    const row = { ...placed, name: `c ${id}`, model: null, baseUrl: null, settings: {}, isActive: true, isDefault: false, trust: 'member' as const, sealed, secretLast4: null, secretSetAtMs: 1, createdBy: userId, nowMs: 1 }; // prettier-ignore
    await deps.database.driver.write([...steps, insertStep(deps.database, row)]);
  }
}

beforeAll(async () => {
  house = await openHouse();
  const ann = await house.createResident('Ann', 'administrator');
  userId = ann.id;
  deps = house.deps;
  caller = { actor: ann.actor, origin };
  await fill({ scope: 'user', id: ann.id }, connectionsCount);
  await fill({ scope: 'organization', id: ann.actor.organizationId }, 3);
});
afterAll(() => house.close());

/** The process dies at its n-th write: what was written stays, nothing after it happens. */
function dyingAfter(writes: number): ControlDeps {
  let left = writes;
  const { driver } = deps.database;
  const dying = Object.assign(Object.create(driver) as typeof driver, {
    write: async (steps: Parameters<typeof driver.write>[0]) => {
      if (left-- <= 0) throw new Error('killed');
      return driver.write(steps);
    },
    rows: driver.rows.bind(driver),
    run: driver.run.bind(driver),
    notifyConfigChange: driver.notifyConfigChange.bind(driver),
  });
  return { ...deps, database: { ...deps.database, driver: dying } };
}

test('every column of the schema that holds boxes is walked', async () => {
  const rows = await deps.database.driver.rows<{ name: string }>({
    sql: `SELECT DISTINCT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
      WHERE m.type = 'table' AND (c.name LIKE '%\\_encrypted' ESCAPE '\\' OR c.name LIKE '%sealed%')`,
    params: [],
  });
  expect(rows.map(({ name }) => name).toSorted()).toEqual(sealedTables.map(({ table }) => table).toSorted());
});

describe('a trial', () => {
  test('counts, opens everything, and changes nothing', async () => {
    const before = [deps.keeper.snapshot.revision, await wrappedKeys(deps.database)];
    const report = await rotateMasterKey(deps, caller, wish({ isDryRun: true }), quietly);
    const { values } = await census();
    expect(report).toMatchObject({ state: 'dry-run', values, waiting: values, resealed: 0, unreadable: [] });
    expect(values).toBeGreaterThan(connectionsCount * 2);
    expect([deps.keeper.snapshot.revision, await wrappedKeys(deps.database)]).toEqual(before);
  });

  test('without a key, and where none may be made up, there is nothing to do', async () => {
    expect(await rotateMasterKey(deps, caller, wish({ makesKey: false }), quietly)).toMatchObject({ state: 'nothing', toKcv: null });
  });
});

describe('a rotation', () => {
  test('cut off after any of its writes, everything opens, with either key, and the next run goes on', async () => {
    for (const writes of [0, 1, 1, 1, 1]) {
      await expect(rotateMasterKey(dyingAfter(writes), caller, wish(), quietly)).rejects.toThrow('killed');
      // What died may have known more than is written: the living one knows what the database says.
      await followingKeys(deps)(-1);
      expect((await census()).unreadable).toEqual([]);
      const rows = await wrappedKeys(deps.database);
      for (const version of deps.vault.masterVersions()) {
        const bytes = new Uint8Array(Buffer.from(deps.vault.masterKeyText(version).reveal(), 'base64'));
        if (!rows.some((row) => row.version === version)) continue;
        const known = new Set([bytes, ...unwrapAll(rows, [bytes])].map(keyCheckValue));
        // A start with any of the keys has all of them.
        expect(rows.every((row) => known.has(row.kcv))).toBe(true);
      }
      expect(await isRotationUnfinished(deps, false)).toBe(writes > 0);
    }
    const told: string[] = [];
    const report = await rotateMasterKey(deps, caller, wish(), (line) => void told.push(line));
    expect(report).toMatchObject({ state: 'done', unreadable: [] });
    expect(report.resealed).toBeGreaterThan(0);
    expect(report.resealed).toBeLessThan(report.values);
    const after = await census();
    expect([...after.byMaster.keys()]).toEqual([deps.vault.current]);
    expect(after.unreadable).toEqual([]);
    expect(await isRotationUnfinished(deps, false)).toBe(false);
    // In a data directory the file still holds the key before: that is a step to go.
    expect(await isRotationUnfinished(deps, true)).toBe(true);
    expect(told.at(-1)).toContain('under the new key');
  });

  test('the snapshot serves the new boxes, and the key before is retired and stands under the new one', async () => {
    const rows = await wrappedKeys(deps.database);
    expect(rows.map(({ status }) => status)).toEqual(['retired', 'active']);
    expect(rows[0]).toMatchObject({ wrappedBy: 2 });
    for (const sealed of deps.keeper.snapshot.sealed.values())
      for (const box of [sealed.secret, sealed.headers]) if (box !== null) expect(deps.vault.versionsOf(box).master).toBe(2);
  });

  test('again without a new key, and with the same key, nothing is left to do', async () => {
    const current = new Uint8Array(Buffer.from(deps.vault.masterKeyText(2).reveal(), 'base64'));
    const report = await rotateMasterKey(deps, caller, wish({ newKey: current }), quietly);
    expect(report).toMatchObject({ state: 'done', waiting: 0, resealed: 0 });
  });

  test('a third key waits until the second one is in the settings', async () => {
    const third = wish({ newKey: deps.ids.bytes(32) });
    await expect(rotateMasterKey(deps, caller, third, quietly)).rejects.toMatchObject({ details: [{ code: 'not_taken_over' }] });
    expect(await rotateMasterKey(deps, caller, wish(), quietly)).toMatchObject({ state: 'done', resealed: 0 });
    const old = new Uint8Array(Buffer.from(deps.vault.masterKeyText(1).reveal(), 'base64'));
    await expect(rotateMasterKey(deps, caller, wish({ newKey: old }), quietly)).rejects.toMatchObject({ details: [{ code: 'used' }] });
  });

  test('finished, the old key opens nothing any more; the new one alone opens everything', async () => {
    const rowsBefore = await wrappedKeys(deps.database);
    const [old, fresh] = [1, 2].map((version) => new Uint8Array(Buffer.from(deps.vault.masterKeyText(version).reveal(), 'base64')));
    expect(unwrapAll(rowsBefore, [old!])).toHaveLength(1);
    expect(await finishRotation(deps, caller)).toBe(true);
    expect(await finishRotation(deps, caller)).toBe(false);
    const rows = await wrappedKeys(deps.database);
    expect(unwrapAll(rows, [old!])).toEqual([]);
    const alone = createVault([{ version: 2, bytes: fresh! }], deps.ids);
    expect((await census({ database: deps.database, vault: alone })).unreadable).toEqual([]);
    const withOld = createVault([{ version: 1, bytes: old! }], deps.ids);
    expect((await census({ database: deps.database, vault: withOld })).unreadable.length).toBeGreaterThan(0);
  });

  test('each step is in the audit log, and none shows a key', async () => {
    const entries = await deps.database.db.selectFrom('audit_entries').select(['action', 'changes']).execute();
    const actions = new Set(entries.map(({ action }) => action));
    for (const action of ['master-key.add', 'master-key.promote', 'secrets.reseal', 'master-key.retire', 'master-key.finish'])
      expect(actions).toContain(action);
    const text = JSON.stringify(entries);
    for (const version of [1, 2]) expect(text).not.toContain(deps.vault.masterKeyText(version).reveal());
  });

  test('a value that does not open is named, left as it is, and keeps its key from being retired', async () => {
    const [first, second] = [...deps.keeper.snapshot.connections.keys()];
    const sql =
      'UPDATE ai_configurations SET api_key_encrypted = (SELECT api_key_encrypted FROM ai_configurations WHERE id = $1) WHERE id = $2';
    await deps.database.driver.run({ sql, params: [first, second] }, 'write');
    const report = await rotateMasterKey(deps, caller, wish(), quietly);
    expect(report.unreadable).toEqual([{ table: 'ai_configurations', column: 'api_key_encrypted', id: second }]);
    expect((await wrappedKeys(deps.database)).find(({ version }) => version === 2)?.status).toBe('decrypt_only');
  });
});

needs('postgres')('many instances on one database', () => {
  test('an instance that was not asked learns the key before anything that it sealed, and opens everything all the time', async () => {
    const databaseUrl = await createDatabase();
    const masterKey = Buffer.from(deps.ids.bytes(32)).toString('base64');
    const [one, other] = [await openHouse({ databaseUrl, masterKey }), await openHouse({ databaseUrl, masterKey })];
    try {
      const ann = await one.createResident('Ann', 'administrator');
      const reply = await one.request('POST', '/api/configurations', {
        token: ann.token,
        body: { name: 'OpenAI', provider: 'openai', model: 'gpt-4o', apiKey: 'sk-canary-0123456789' },
      });
      const id = reply.at('data.id');
      await expect.poll(() => other.deps.keeper.snapshot.sealed.has(id)).toBe(true);
      const newKey = one.deps.ids.bytes(32);
      const by: Caller = { actor: ann.actor, origin };
      const report = await rotateMasterKey(one.deps, by, wish({ newKey, makesKey: false, hearingMs: 10 }), quietly);
      expect(report).toMatchObject({ state: 'done', unreadable: [], toKcv: keyCheckValue(newKey) });
      const opened = (of: House): string => {
        const { snapshot } = of.deps.keeper;
        const connection = snapshot.connections.get(id)!;
        return openOne(of.deps, connection, snapshot.sealed.get(id)?.secret ?? null, 'api_key_encrypted') ?? '';
      };
      // Whatever the other one's snapshot holds at this moment, the old box or the new one, opens.
      expect(opened(other)).toBe('sk-canary-0123456789');
      const isMoved = (): boolean => other.deps.vault.versionsOf(other.deps.keeper.snapshot.sealed.get(id)?.secret ?? '').master === 2;
      await expect.poll(isMoved).toBe(true);
      expect(opened(other)).toBe('sk-canary-0123456789');
      expect(other.deps.vault.current).toBe(2);
      // A third one that still has the old key in its settings starts, and opens everything.
      const late = await openHouse({ databaseUrl, masterKey });
      expect(opened(late)).toBe('sk-canary-0123456789');
      await late.close();
      // Once the operator has finished, the old key starts nothing any more, and the new one everything.
      expect(await finishRotation(one.deps, by)).toBe(true);
      await expect(openHouse({ databaseUrl, masterKey })).rejects.toThrow(/wrong master key/);
      const fresh = await openHouse({ databaseUrl, masterKey: Buffer.from(newKey).toString('base64') });
      expect(opened(fresh)).toBe('sk-canary-0123456789');
      await fresh.close();
    } finally {
      await Promise.all([one.close(), other.close()]);
    }
  });
});
