/** Sealing for owners and the rotations: nothing is ever unreadable, whatever interrupts them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ControlDeps } from '../../src/control/deps.ts';
import { batchRows, EncryptionService } from '../../src/control/encryption-service.ts';
import { openStored, sealChanges, noChanges } from '../../src/control/secrets.ts';
import { createChannel } from '../../src/control/alert-channels.ts';
import type { Caller } from '../../src/control/change.ts';
import { setMailServer } from '../../src/control/mail-server.ts';
import { takeCensus } from '../../src/control/sealed-values.ts';
import type { Owner } from '../../src/domain/owner.ts';
import { placeOf, sealedColumns, furtherSealedColumns, type SecretColumn } from '../../src/domain/sealing.ts';
import { findConnection, insertStep, sealedRows } from '../../src/storage/connections.ts';
import { channelById } from '../../src/storage/alert-channels.ts';
import { listOwnerKeys } from '../../src/storage/owner-keys.ts';
import { masterKeys } from '../../src/storage/master-keys.ts';
import { keyCheckValue } from '../../src/vault/keys.ts';
import { createVault, SecretUnreadable } from '../../src/vault/vault.ts';
import { openHouse, origin, type House, type Resident } from '../support/house.ts';

let house: House;
let admin: Resident;
let caller: Caller;
let names = 0;

beforeAll(async () => {
  house = await openHouse();
  admin = await house.createResident('Admin', 'administrator');
  caller = { actor: admin.actor, origin };
});

afterAll(() => house.close());

const boxOfChannel = async ({ database }: House, id: string): Promise<string> => (await channelById(database, id))!.sealed!;
const textOf = (id: string): string => `sk-secret-of-${id}`;
const headersOf = (id: string): string => JSON.stringify({ 'x-one': id });

/** Connections with a key and headers each, written in a few large transactions. */
async function fill(deps: ControlDeps, owner: Owner, count: number, createdBy = admin.id): Promise<string[]> {
  const ids: string[] = [];
  for (let at = 0; at < count; at++) {
    const id = deps.ids.uuid();
    const placed = { id, owner, providerId: 'custom', origin: 'https://llm.example.org' };
    const changes = {
      ...noChanges,
      secret: { kind: 'set' as const, text: textOf(id) },
      headers: { kind: 'set' as const, text: headersOf(id) },
    };
    const { sealed, steps } = await sealChanges(deps, placed, { secret: null, accessKeyId: null, headers: null }, changes);
    const row = {
      ...placed,
      name: `c ${++names}`,
      model: null,
      baseUrl: null,
      settings: {},
      isActive: true,
      isDefault: false,
      trust: 'member' as const,
      sealed,
      secretLast4: null,
      secretSetAtMs: 1,
      createdBy,
      nowMs: 1,
    };
    await deps.database.driver.write([...steps, insertStep(deps.database, row)]);
    ids.push(id);
  }
  return ids;
}

async function expectReadable(deps: ControlDeps, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const { connection, sealed } = (await findConnection(deps.database, id))!;
    expect((await openStored(deps, connection, sealed.secret!, 'api_key_encrypted')).reveal()).toBe(textOf(id));
    expect((await openStored(deps, connection, sealed.headers!, 'headers_encrypted')).reveal()).toBe(headersOf(id));
  }
}

async function ownerVersions(deps: ControlDeps, owner: Owner): Promise<Set<number>> {
  const rows = await sealedRows(deps.database, { owner, afterId: '00000000-0000-0000-0000-000000000000', limit: 5000 });
  return new Set(rows.flatMap((row) => Object.values(row.boxes).map((box) => deps.vault.versionsOf(box).owner)));
}

/** The process dies at its n-th write: everything before is kept, nothing after it happens. */
function dyingAfter(deps: ControlDeps, writes: number): ControlDeps {
  let left = writes;
  const { driver } = deps.database;
  const write: typeof driver.write = async (steps) => {
    if (left-- <= 0) throw new Error('killed');
    return driver.write(steps);
  };
  const dying = Object.assign(Object.create(driver) as typeof driver, {
    write,
    rows: driver.rows.bind(driver),
    run: driver.run.bind(driver),
    scrub: driver.scrub.bind(driver),
    notifyConfigChange: driver.notifyConfigChange.bind(driver),
  });
  return { ...deps, database: { ...deps.database, driver: dying } };
}

describe('sealedColumns', () => {
  test('every column of the schema whose name ends in _encrypted is registered', async () => {
    const rows = await house.database.driver.rows<{ table: string; column: string }>({
      sql: `SELECT m.name AS "table", c.name AS "column" FROM sqlite_master m JOIN pragma_table_info(m.name) c
        WHERE m.type = 'table' AND c.name LIKE '%\\_encrypted' ESCAPE '\\'`,
      params: [],
    });
    const found = rows.map((row) => `${row.table}.${row.column}`).toSorted();
    const registered = [...sealedColumns, ...furtherSealedColumns].filter(({ column }) => column.endsWith('_encrypted'));
    expect(found).toEqual(registered.map((entry) => `${entry.table}.${entry.column}`).toSorted());
    expect(found.length).toBeGreaterThan(0);
  });

  test('each has a purpose of its own, so that no box fits two columns', () => {
    expect(new Set(sealedColumns.map((entry) => entry.purpose)).size).toBe(sealedColumns.length);
  });
});

describe('encryptApiKey and decryptApiKey', () => {
  const place = (ownerId: string, more: { rowId?: string; origin?: string; provider?: string; column?: SecretColumn } = {}) => ({
    ...placeOf(
      {
        id: more.rowId ?? '01890a5d-ac96-774b-bcce-b302099a8057',
        owner: { scope: 'user', id: ownerId },
        providerId: more.provider ?? 'openai',
        origin: more.origin ?? 'https://api.openai.com',
      },
      more.column ?? 'api_key_encrypted',
    ),
  });

  test('the same text comes back, two boxes of it differ, and neither holds it', async () => {
    const service = new EncryptionService(house.deps, caller);
    const [first, second] = [
      await service.encryptApiKey('sk-plain', admin.id, place(admin.id)),
      await service.encryptApiKey('sk-plain', admin.id, place(admin.id)),
    ];
    expect(first).not.toBe(second);
    expect(Buffer.from(first.slice(3), 'base64url').includes('sk-plain')).toBe(false);
    expect(await service.decryptApiKey(first, admin.id, place(admin.id))).toBe('sk-plain');
  });

  test('another owner, row, column, provider or origin does not open it', async () => {
    const service = new EncryptionService(house.deps, caller);
    const stranger = await house.createResident('Stranger');
    const box = await service.encryptApiKey('sk-plain', admin.id, place(admin.id));
    await service.encryptApiKey('sk-other', stranger.id, place(stranger.id));
    await expect(service.decryptApiKey(box, stranger.id, place(admin.id))).rejects.toBeInstanceOf(SecretUnreadable);
    for (const more of [
      { rowId: '01890a5d-ac96-774b-bcce-b302099a8058' },
      { column: 'headers_encrypted' as const },
      { provider: 'custom' },
      { origin: 'https://evil.example' },
      { origin: 'http://api.openai.com' },
    ])
      await expect(service.decryptApiKey(box, admin.id, place(admin.id, more))).rejects.toBeInstanceOf(SecretUnreadable);
  });

  test('a box with any character changed does not open', async () => {
    const service = new EncryptionService(house.deps, caller);
    const box = await service.encryptApiKey('sk-plain', admin.id, place(admin.id));
    for (let at = 3; at < box.length; at += 7) {
      const altered = box.slice(0, at) + (box[at] === 'A' ? 'B' : 'A') + box.slice(at + 1);
      await expect(service.decryptApiKey(altered, admin.id, place(admin.id))).rejects.toBeInstanceOf(SecretUnreadable);
    }
  });
});

describe('rotateUserKey', () => {
  test('everything of the user is sealed under a new key and still opens; other people are not touched', async () => {
    const [one, other] = [await house.createResident('One'), await house.createResident('Other')];
    const owners = [one, other].map(({ id }): Owner => ({ scope: 'user', id }));
    const [mine, theirs] = [await fill(house.deps, owners[0]!, 3), await fill(house.deps, owners[1]!, 2)];
    const report = await new EncryptionService(house.deps, caller).rotateUserKey(one.id);
    expect(report).toEqual({ resealed: 6, unreadable: [] });
    expect(await ownerVersions(house.deps, owners[0]!)).toEqual(new Set([2]));
    expect(await ownerVersions(house.deps, owners[1]!)).toEqual(new Set([1]));
    await expectReadable(house.deps, [...mine, ...theirs]);
    const keys = await listOwnerKeys(house.database, owners[0]!);
    expect(keys.map(({ version, isActive }) => [version, isActive])).toEqual([
      [1, false],
      [2, true],
    ]);
  });

  test('killed in the middle, everything opens, and the resumption finishes the rest', async () => {
    const person = await house.createResident('Interrupted');
    const owner: Owner = { scope: 'user', id: person.id };
    const ids = await fill(house.deps, owner, batchRows * 2 + 10);
    // The key and the first batch are written, the second batch is not.
    await expect(new EncryptionService(dyingAfter(house.deps, 2), caller).rotateUserKey(person.id)).rejects.toThrow('killed');
    expect(await ownerVersions(house.deps, owner)).toEqual(new Set([1, 2]));
    await expectReadable(house.deps, [ids[0]!, ids[batchRows + 1]!, ids.at(-1)!]);
    const report = await new EncryptionService(house.deps, caller).resumeOwnerKey(owner);
    expect(report).toEqual({ resealed: (batchRows + 10) * 2, unreadable: [] });
    expect(await ownerVersions(house.deps, owner)).toEqual(new Set([2]));
    await expectReadable(house.deps, [ids[0]!, ids[batchRows + 1]!, ids.at(-1)!]);
    expect((await new EncryptionService(house.deps, caller).resumeOwnerKey(owner)).resealed).toBe(0);
  });

  test('the snapshot serves the new boxes, and the rows keep the time of their last change', async () => {
    const person = await house.createResident('Served');
    const [id] = await fill(house.deps, { scope: 'user', id: person.id }, 1);
    await new EncryptionService(house.deps, caller).rotateUserKey(person.id);
    const stored = (await findConnection(house.database, id!))!;
    expect(house.deps.keeper.snapshot.sealed.get(id!)).toEqual(stored.sealed);
    expect(stored.connection.updatedAtMs).toBe(1);
  });

  test('a value that does not open is reported, left as it is, and stops nothing', async () => {
    const person = await house.createResident('Damaged');
    const owner: Owner = { scope: 'user', id: person.id };
    const [good, bad] = await fill(house.deps, owner, 2);
    await house.database.driver.run(
      {
        sql: 'UPDATE ai_configurations SET api_key_encrypted = (SELECT api_key_encrypted FROM ai_configurations WHERE id = $1) WHERE id = $2',
        params: [good, bad],
      },
      'write',
    );
    const report = await new EncryptionService(house.deps, caller).rotateUserKey(person.id);
    expect(report.unreadable).toEqual([{ table: 'ai_configurations', id: bad, column: 'api_key_encrypted' }]);
    expect(report.resealed).toBe(3);
    await expectReadable(house.deps, [good!]);
  });

  test('the rotation is in the audit log', async () => {
    const person = await house.createResident('Audited');
    await fill(house.deps, { scope: 'user', id: person.id }, 1);
    await new EncryptionService(house.deps, caller).rotateUserKey(person.id);
    const actions = await house.database.db
      .selectFrom('audit_entries')
      .select('action')
      .where('owner_id', '=', person.id)
      .orderBy('id')
      .execute();
    expect(actions.map((entry) => entry.action)).toEqual(expect.arrayContaining(['owner-key.rotate', 'secrets.reseal']));
  });
});

describe('migrateEncryption', () => {
  test("moves every owner's values to the new master key, resumes after a kill, then retires the old one", async () => {
    const fresh = await openHouse();
    const first = await fresh.createResident('First', 'administrator');
    const [oldBytes, newBytes] = [fresh.deps.ids.bytes(32), fresh.deps.ids.bytes(32)];
    await fresh.database.db.deleteFrom('master_keys').execute();
    const [oldMaster, newMaster] = [
      { version: 11, bytes: oldBytes },
      { version: 12, bytes: newBytes },
    ];
    const before: ControlDeps = { ...fresh.deps, vault: createVault([oldMaster], fresh.deps.ids) };
    const during: ControlDeps = { ...fresh.deps, vault: createVault([oldMaster, newMaster], fresh.deps.ids) };
    const after: ControlDeps = { ...fresh.deps, vault: createVault([newMaster], fresh.deps.ids) };
    await fresh.database.db
      .insertInto('master_keys')
      .values([
        { version: 11, kcv: keyCheckValue(oldBytes), status: 'decrypt_only', created_at: 1 },
        { version: 12, kcv: keyCheckValue(newBytes), status: 'active', created_at: 1 },
      ])
      .execute();
    const by: Caller = { actor: first.actor, origin };
    const texts = [oldBytes, newBytes].map((bytes) => Buffer.from(bytes).toString('base64')) as [string, string];
    const many = await fill(before, { scope: 'user', id: first.id }, batchRows + 5, first.id);
    const shared = await fill(before, { scope: 'organization', id: first.actor.organizationId }, 2, first.id);
    await expect(new EncryptionService(dyingAfter(during, 1), by).migrateEncryption(...texts)).rejects.toThrow('killed');
    await expectReadable(during, [many[0]!, many.at(-1)!, ...shared]);
    expect((await masterKeys(fresh.database)).find((row) => row.version === 11)?.status).toBe('decrypt_only');
    const report = await new EncryptionService(during, by).migrateEncryption(...texts);
    expect(report).toEqual({ resealed: 7 * 2, unreadable: [] });
    await expectReadable(after, [many[0]!, many.at(-1)!, ...shared]);
    expect((await masterKeys(fresh.database)).find((row) => row.version === 11)?.status).toBe('retired');
    await fresh.close();
  });

  test('moves what is sealed beside connections too, and no key is retired that something is still sealed under', async () => {
    const fresh = await openHouse();
    const first = await fresh.createResident('First', 'administrator');
    const by: Caller = { actor: fresh.deps.keeper.snapshot.actorOf(first.id, 'token')!, origin };
    const channel = { scope: 'user' as const, kind: 'slack' as const, name: 'Duty', url: 'https://hooks.example.com/in/0123456789' };
    const { id } = (await createChannel(fresh.deps, by, channel)).channel;
    const mail = {
      host: 'mail.example.org',
      port: 587,
      security: 'tls' as const,
      username: 'a',
      password: 'of-the-mail',
      sender: 'a@b.example',
    };
    await setMailServer(fresh.deps, by, mail);
    const [before] = await masterKeys(fresh.database);
    const [oldText, newBytes] = [fresh.deps.vault.masterKeyText(before!.version).reveal(), fresh.deps.ids.bytes(32)];
    const newVersion = before!.version + 1;
    fresh.deps.vault.learn({ version: newVersion, bytes: newBytes });
    fresh.deps.vault.promote(newVersion);
    const { db } = fresh.database;
    await db.updateTable('master_keys').set({ status: 'decrypt_only' }).execute();
    const row = { version: newVersion, kcv: keyCheckValue(newBytes), status: 'active' as const, created_at: 1 };
    await db.insertInto('master_keys').values(row).execute();
    const report = await new EncryptionService(fresh.deps, by).migrateEncryption(oldText, Buffer.from(newBytes).toString('base64'));
    expect(report.unreadable).toEqual([]);
    const { byMaster } = await takeCensus(fresh.deps, { isOpening: false, pageRows: 100 });
    expect([...byMaster.keys()]).toEqual([newVersion]);
    expect((await masterKeys(fresh.database)).map(({ status }) => status)).toEqual(['retired', 'active']);
    const [box, owner] = [await boxOfChannel(fresh, id), { scope: 'user' as const, id: first.id }];
    await new EncryptionService(fresh.deps, by).rotateOwnerKey(owner);
    const after = await boxOfChannel(fresh, id);
    expect([box, after].map((one) => fresh.deps.vault.versionsOf(one).owner)).toEqual([1, 2]);
    await fresh.close();
  });

  test('a key that is not loaded is refused by its check value, and the text is not repeated', async () => {
    const unknown = Buffer.from(house.deps.ids.bytes(32)).toString('base64');
    const error = await new EncryptionService(house.deps, caller)
      .migrateEncryption(unknown, unknown)
      .catch((thrown: unknown) => thrown as Error);
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).toContain('is not loaded');
    expect((error as Error).message).not.toContain(unknown);
  });
});
