/** Second factors outlive the master key under which they were made, and a code opens once. */
import { symmetricDecrypt, symmetricEncrypt } from 'better-auth/crypto';
import { beforeAll, expect, test } from 'vitest';
import { secretTexts, type AuthSecret } from '../../src/control/people/auth.ts';
import { moveFactors } from '../../src/control/people/factor-secrets.ts';
import { keepSeenSessions } from '../../src/control/people/seen-sessions.ts';
import { createUsedCodes } from '../../src/control/people/used-codes.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { storedFactors } from '../../src/storage/second-factors.ts';
import { keptLog, onBothEngines, quiet } from '../storage/engines.ts';
import { atMs, ids, newPerson } from '../storage/rows.ts';

const secretOf = (version: number): AuthSecret => ({ version, bytes: Buffer.alloc(32, version) });
const keyOf = (secrets: readonly AuthSecret[]) => ({
  keys: new Map(secretTexts(secrets).map(({ version, value }) => [version, value])),
  currentVersion: secrets[0]!.version,
});

onBothEngines('moving second factors', (bench) => {
  let database: Database;
  let userId: string;
  const [first, second] = [secretOf(1), secretOf(2)];
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    userId = await newPerson(database);
    const key = keyOf([first]);
    const row = {
      secret: await symmetricEncrypt({ key, data: 'JBSWY3DP' }),
      backup_codes: await symmetricEncrypt({ key, data: '["a-b"]' }),
    };
    await database.db
      .insertInto('two_factors')
      .values({ id: ids.uuid(), user_id: userId, ...row })
      .execute();
  });
  const stored = async () => (await storedFactors(database, { userId, afterId: null, limit: 1 }))[0]!;

  test('does nothing with one master key', async () => {
    const before = await stored();
    expect(await moveFactors({ database, log: quiet }, [first])).toBe(0);
    expect(await stored()).toEqual(before);
  });

  test('what does not open stays as it is and is said in the log', async () => {
    const before = await stored();
    const { log, lines } = keptLog();
    expect(await moveFactors({ database, log }, [second, secretOf(3)])).toBe(0);
    expect(await stored()).toEqual(before);
    expect(lines.map(({ msg }) => msg)).toEqual([expect.stringContaining('does not open') as unknown]);
    expect(JSON.stringify(lines)).not.toContain('JBSWY3DP');
  });

  test('beside a new master key everything is readable with the new one alone, and is moved once', async () => {
    expect(await moveFactors({ database, log: quiet }, [first, second])).toBe(1);
    const { secret, backupCodes } = await stored();
    const key = keyOf([second]);
    expect(await symmetricDecrypt({ key, data: secret })).toBe('JBSWY3DP');
    expect(await symmetricDecrypt({ key, data: backupCodes })).toBe('["a-b"]');
    expect(await moveFactors({ database, log: quiet }, [first, second], userId)).toBe(0);
  });
});

onBothEngines('a code of an authenticator', (bench) => {
  test('opens once for one person within the time that it is good for, at whichever instance', async () => {
    const driver = await bench.open({ isMigrated: true });
    let nowMs = atMs;
    const clock = { ...systemClock, nowMs: () => nowMs };
    const [here, there] = [createUsedCodes(createDatabase(driver), clock), createUsedCodes(createDatabase(driver), clock)];
    expect(await here.take('ada', '123456')).toBe(true);
    expect(await there.take('ada', '123456')).toBe(false);
    expect(await there.take('ben', '123456')).toBe(true);
    expect(await there.take('ada', '654321')).toBe(true);
    nowMs += 179_999;
    expect(await here.take('ada', '123456')).toBe(false);
    nowMs += 1;
    expect(await here.take('ada', '123456')).toBe(true);
  });

  test('of several who come with it at once one is let in; who they are is not read back', async () => {
    const database = createDatabase(await bench.open({ isMigrated: true }));
    const used = createUsedCodes(database, systemClock);
    const letIn = await Promise.all(Array.from({ length: 8 }, () => used.take('ada', '246810')));
    expect(letIn.filter(Boolean)).toHaveLength(1);
    const rows = await database.db.selectFrom('used_codes').selectAll().execute();
    expect(rows).toHaveLength(1);
    expect(rows[0]!.digest).toMatch(/^[0-9a-f]{64}$/);
  });
});

onBothEngines('the last use of a session', (bench) => {
  test('is noted in memory and written at once for all; a database that is away costs nothing but the hint', async () => {
    const driver = await bench.open({ isMigrated: true });
    const database = createDatabase(driver);
    const userId = await newPerson(database);
    const id = ids.uuid();
    const time = new Date(atMs).toISOString();
    await database.db
      .insertInto('sessions')
      .values({ id, token: id, user_id: userId, created_at: time, updated_at: time, expires_at: time })
      .execute();
    const seen = keepSeenSessions({ database, clock: { ...systemClock, nowMs: () => atMs + 70_000 }, log: quiet });
    seen.note(id);
    seen.note(ids.uuid());
    await seen.write();
    const row = await database.db.selectFrom('sessions').select('updated_at').where('id', '=', id).executeTakeFirstOrThrow();
    expect(new Date(row.updated_at).getTime()).toBe(atMs + 70_000);
    const { log, lines } = keptLog();
    const away = { ...database, driver: { ...driver, write: () => Promise.reject(new Error('away')) } };
    const lost = keepSeenSessions({ database: away, clock: systemClock, log });
    lost.note(id);
    await lost.close();
    expect(lines).toHaveLength(1);
    await seen.close();
  });
});
