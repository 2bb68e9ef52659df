/** The verifier of the audit log: whatever an intruder with the database and without the key does is found, and named. */
import { expect, test } from 'vitest';
import { verifyAudit } from '../../src/control/audit-verify.ts';
import { exactLines } from '../../src/storage/audit-anchors.ts';
import { readHead } from '../../src/storage/audit-chain.ts';
import { writeAudit } from '../../src/storage/changes.ts';
import { createDatabase } from '../../src/storage/database.ts';
import { createVault } from '../../src/vault/vault.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createIds } from '../../src/lib/ids.ts';
import { openAudited, masterBytes, testVault, withoutTriggers } from '../support/audited.ts';
import { cutTail, growLog, tamper, tamperings } from '../support/audit-tampering.ts';
import { onBothEngines } from '../storage/engines.ts';
import { entryOf } from '../storage/rows.ts';
import { seeded } from '../vault/parts.ts';

const entries = 300;
const rounds = 6;
const otherBytes = Uint8Array.from({ length: 32 }, (_, at) => (at * 131 + 17) % 256);
const ids = createIds(systemClock);

onBothEngines('an audit log that somebody tampers with', (bench) => {
  test.each(tamperings)('shows an entry that was %s, wherever it stands, and is whole again afterwards', async (kind) => {
    const audited = await openAudited(await bench.open({ isMigrated: true }));
    const { database, vault } = audited;
    await growLog(audited, entries);
    await withoutTriggers(database);
    expect(await verifyAudit({ database, vault }, { pageRows: 64 })).toMatchObject({ isSound: true, checked: entries });
    const random = seeded(7);
    for (let round = 0; round < rounds; round++) {
      const done = await tamper(database, kind, entries, (below) => Math.floor(random() * below));
      const verdict = await verifyAudit({ database, vault }, { pageRows: 64 });
      expect({ name: done.name, isSound: verdict.isSound, fault: verdict.fault }).toMatchObject({ isSound: false, fault: done.fault });
      await done.undo();
    }
    expect(await verifyAudit({ database, vault })).toMatchObject({ isSound: true });
  });

  test('hides no entry in the hash of another, and none behind a hash that is missing', async () => {
    const audited = await openAudited(await bench.open({ isMigrated: true }));
    const { database, vault } = audited;
    await growLog(audited, 130);
    await withoutTriggers(database);
    const { driver } = database;
    const verdict = () => verifyAudit({ database, vault }, { pageRows: 64 });
    // The last entry of a page, and of the log.
    for (const seq of [64, 130]) {
      const [row] = await driver.rows<{ hash: string }>({ sql: 'SELECT hash FROM audit_entries WHERE seq = $1', params: [seq] });
      await driver.run({ sql: 'UPDATE audit_entries SET hash = NULL WHERE seq = $1', params: [seq] }, 'write');
      expect(await verdict()).toMatchObject({ isSound: false, checked: seq - 1, fault: { kind: 'altered', seq } });
      await driver.run({ sql: 'UPDATE audit_entries SET hash = $1 WHERE seq = $2', params: [row!.hash, seq] }, 'write');
    }
    if (driver.engine !== 'sqlite') return;
    // The row of entry 7 with the number of entry 6, whose own line, all genuine, stands before it in its hash.
    const [six, seven] = await exactLines(database, 5, 7, 2);
    await driver.script('PRAGMA ignore_check_constraints = ON');
    await driver.run({ sql: 'DELETE FROM audit_entries WHERE seq = 6', params: [] }, 'write');
    const hidden = `${six!.hash} ${six!.text}\n7 ${seven!.hash}`;
    await driver.run({ sql: 'UPDATE audit_entries SET seq = 6, hash = $1 WHERE seq = 7', params: [hidden] }, 'write');
    expect(await verdict()).toMatchObject({ isSound: false, checked: 5, fault: { seq: 6 } });
  });

  test('whose end was cut off is found against what the log, an anchor or the running process has seen', async () => {
    const audited = await openAudited(await bench.open({ isMigrated: true }));
    const { database, vault, keeper } = audited;
    await growLog(audited, 20);
    const anchor = await keeper.anchor('hourly');
    await writeAudit(database, entryOf());
    await writeAudit(database, entryOf());
    const seen = keeper.seen()!;
    await withoutTriggers(database);
    await cutTail(database, 1);
    // The database alone cannot know of an entry that no anchor has seen.
    expect(await verifyAudit({ database, vault })).toMatchObject({ isSound: true });
    expect(await verifyAudit({ database, vault }, { anchors: [seen] })).toMatchObject({ fault: { kind: 'cut', seq: 22, untilSeq: 22 } });
    await cutTail(database, 4);
    expect(await verifyAudit({ database, vault })).toMatchObject({ fault: { kind: 'cut', seq: 18, untilSeq: 20 } });
    await database.driver.script('DELETE FROM audit_anchors WHERE seq > 0');
    expect(await verifyAudit({ database, vault })).toMatchObject({ isSound: true });
    expect(await verifyAudit({ database, vault }, { anchors: [anchor] })).toMatchObject({ fault: { kind: 'cut' } });
  });

  test('whose end was cut off and written anew does not agree with its anchor', async () => {
    const audited = await openAudited(await bench.open({ isMigrated: true }));
    const { database, vault, keeper } = audited;
    await growLog(audited, 10);
    await keeper.anchor('hourly');
    await withoutTriggers(database);
    await cutTail(database, 3);
    const again = await openAudited(database.driver, { vault });
    for (let n = 0; n < 5; n++) await writeAudit(again.database, entryOf());
    expect(await verifyAudit({ database, vault })).toMatchObject({ fault: { kind: 'anchor', seq: 10 } });
  });

  test('shows a changed head, a forged anchor, a missing first anchor, and entries that never passed through the chain', async () => {
    const opened = await openAudited(await bench.open({ isMigrated: true }));
    const { database, vault, keeper } = opened;
    const { driver } = database;
    const verdict = () => verifyAudit({ database, vault });
    await growLog(opened, 5);
    await withoutTriggers(database);
    await driver.script(`UPDATE audit_head SET hash = '${'a'.repeat(64)}'`);
    expect(await verdict()).toMatchObject({ fault: { kind: 'head', seq: 5 } });
    const last = await driver.rows<{ hash: string }>({ sql: 'SELECT hash FROM audit_entries WHERE seq = 5', params: [] });
    await driver.script(`UPDATE audit_head SET hash = '${last[0]!.hash}'`);
    expect(await verdict()).toMatchObject({ isSound: true });
    await driver.script(
      "INSERT INTO audit_entries (at, actor_name, actor_role, via, action, subject_type, outcome) VALUES (1, 'Eve', '', 'x', 'y', 'z', 'success')",
    );
    expect(await verdict()).toMatchObject({ fault: { kind: 'unsealed', seq: null } });
    await driver.script("DELETE FROM audit_entries WHERE actor_name = 'Eve'");
    await driver.script(
      `INSERT INTO audit_entries (at, actor_name, actor_role, via, action, subject_type, outcome, seq, hash)
        VALUES (1, 'Eve', '', 'x', 'y', 'z', 'success', 9, '${'b'.repeat(64)}')`,
    );
    expect(await verdict()).toMatchObject({ fault: { kind: 'inserted', seq: 9 } });
    await driver.script("DELETE FROM audit_entries WHERE actor_name = 'Eve'");
    await keeper.anchor('hourly');
    await driver.script("UPDATE audit_anchors SET seq = 4 WHERE kind = 'hourly'");
    expect(await verdict()).toMatchObject({ fault: { kind: 'anchor', seq: 4 } });
    await driver.script('DELETE FROM audit_anchors');
    expect(await verdict()).toMatchObject({ fault: { kind: 'anchor', seq: null } });
  });

  test('a forged anchor of retention hides nothing', async () => {
    const audited = await openAudited(await bench.open({ isMigrated: true }));
    const { database, vault } = audited;
    await growLog(audited, 30);
    const { driver } = database;
    const [at] = await driver.rows<{ hash: string }>({ sql: 'SELECT hash FROM audit_entries WHERE seq = 20', params: [] });
    await driver.script(
      `INSERT INTO audit_anchors (at, kind, seq, hash, entries, mac) VALUES (${Date.now()}, 'retention', 20, '${at!.hash}', 20, '${'0'.repeat(64)}')`,
    );
    await driver.script('DELETE FROM audit_entries WHERE seq <= 20');
    expect(await verifyAudit({ database, vault })).toMatchObject({ isSound: false, fault: { kind: 'anchor', seq: 20 } });
  });
});

onBothEngines('an audit log and time', (bench) => {
  test('lets whole prefixes go behind an anchor, notes that it did, and what is left verifies', async () => {
    const audited = await openAudited(await bench.open({ isMigrated: true }));
    const { database, vault, keeper } = audited;
    await growLog(audited, 2_500);
    expect(await keeper.forget(1_780_000_000_000)).toBe(0);
    expect(await keeper.forget(1_780_000_000_000 + 2_000)).toBe(2_000);
    expect(await verifyAudit({ database, vault })).toMatchObject({ isSound: true, retainedFromSeq: 2_000, checked: 501 });
    const left = await database.driver.rows({ sql: 'SELECT count(*) AS n, min(seq) AS first FROM audit_entries', params: [] });
    expect(left).toEqual([{ n: 501, first: 2_001 }]);
    const note = await database.driver.rows({ sql: "SELECT changes FROM audit_entries WHERE action = 'audit.retention'", params: [] });
    expect(note).toEqual([{ changes: JSON.stringify({ entries: { before: 2_000 }, untilSeq: { after: 2_000 } }) }]);
    expect(await keeper.forget(1_780_000_000_000 + 2_000)).toBe(0);
    await withoutTriggers(database);
    await database.driver.script('DELETE FROM audit_entries WHERE seq = 2001');
    expect(await verifyAudit({ database, vault })).toMatchObject({ fault: { kind: 'deleted', seq: 2_001 } });
  });

  test('lets the sealed beginning go as a whole, and never a part of it', async () => {
    const driver = await bench.open({ isMigrated: true });
    const plain = createDatabase(driver);
    await writeAudit(plain, entryOf({ atMs: 1_000 }));
    await writeAudit(plain, entryOf({ atMs: 9_000 }));
    const { database, vault, keeper } = await openAudited(driver);
    await writeAudit(database, entryOf({ atMs: 10_000 }));
    await writeAudit(database, entryOf({ atMs: 20_000 }));
    expect(await keeper.forget(5_000)).toBe(0);
    expect(await keeper.forget(11_000)).toBe(3);
    expect(await verifyAudit({ database, vault })).toMatchObject({ isSound: true, prefix: 0, retainedFromSeq: 1 });
  });

  test('goes on under a new master key, and needs the old one no more', async () => {
    const driver = await bench.open({ isMigrated: true });
    const one = await openAudited(driver);
    await writeAudit(one.database, entryOf());
    const both = createVault(
      [
        { version: 1, bytes: masterBytes },
        { version: 2, bytes: otherBytes },
      ],
      ids,
    );
    const two = await openAudited(driver, { vault: both });
    await writeAudit(two.database, entryOf());
    const alone = createVault([{ version: 2, bytes: otherBytes }], ids);
    const three = await openAudited(driver, { vault: alone });
    await writeAudit(three.database, entryOf());
    expect(await verifyAudit({ database: three.database, vault: alone })).toMatchObject({ isSound: true, checked: 3 });
  });

  test('begins again where its key is lost for good, and says what can no longer be verified', async () => {
    const driver = await bench.open({ isMigrated: true });
    const one = await openAudited(driver);
    await growLog(one, 12);
    await driver.script("UPDATE audit_keys SET sealed_key = 'v1.damaged'");
    const two = await openAudited(driver);
    await writeAudit(two.database, entryOf());
    expect(await verifyAudit(two)).toMatchObject({ isSound: true, prefix: 12, checked: 1 });
    await withoutTriggers(two.database);
    await driver.script("UPDATE audit_entries SET actor_name = 'Eve' WHERE seq = 3");
    expect(await verifyAudit(two)).toMatchObject({ fault: { kind: 'prefix' } });
  });

  test('of a database that nobody has served yet is sound and empty', async () => {
    const driver = await bench.open({ isMigrated: true });
    expect(await verifyAudit({ database: createDatabase(driver), vault: testVault() })).toMatchObject({
      isSound: true,
      checked: 0,
      head: { seq: 0 },
    });
    expect((await readHead(driver)).openedAtMs).toBe(null);
  });
});
