/** What `doctor` finds on a machine, a finding at a time: each says what is wrong and what to do, and none changes anything. */
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { doctor } from '../../src/cli/doctor.ts';
import {
  clockFinding,
  diskFinding,
  egressFinding,
  permissionFindings,
  portFinding,
  settingsFinding,
} from '../../src/cli/doctor-machine.ts';
import { SettingsError } from '../../src/app/settings.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Driver } from '../../src/storage/driver.ts';
import { freePort } from '../support/throwaway.ts';
import { install, told, type Installation } from './installation.ts';
import { needs } from '../support/parts.ts';
import { startRedis } from '../support/redis.ts';

let place: Installation;
beforeAll(async () => {
  place = await install();
});
afterAll(() => place.close());

describe('settings', () => {
  test.each([
    ['loopback needs no https', { PATCHBAY_HOST: '127.0.0.1' }, 'ok'],
    ['all addresses without https are worth a note', { PATCHBAY_HOST: '0.0.0.0' }, 'note'],
    ['all addresses with http are worth a note', { PATCHBAY_HOST: '0.0.0.0', PATCHBAY_PUBLIC_URL: 'http://ai.example.com' }, 'note'],
    ['all addresses with https are well', { PATCHBAY_HOST: '::', PATCHBAY_PUBLIC_URL: 'https://ai.example.com' }, 'ok'],
  ])('%s', (_, environment, verdict) => {
    const finding = settingsFinding(place.settings(environment));
    expect(finding.verdict).toBe(verdict);
    if (verdict === 'note') expect(finding.text).toContain('PATCHBAY_PUBLIC_URL');
  });
});

describe('the port', () => {
  let other: Server;
  let port = 0;
  beforeAll(async () => {
    other = createServer();
    port = await freePort();
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
  });
  afterAll(() => other.close());

  test('one that another program has is wrong, and the settings that choose another are named', async () => {
    const finding = await portFinding({ host: '127.0.0.1', port }, false);
    expect(finding).toMatchObject({ about: 'port', verdict: 'wrong' });
    expect(finding.text).toBe(`${port} on 127.0.0.1: another program listens there; choose another with PATCHBAY_HOST and PATCHBAY_PORT`);
  });

  test('the same port is as it should be where this installation has it', async () => {
    expect((await portFinding({ host: '127.0.0.1', port }, true)).verdict).toBe('ok');
  });

  test('an address that this machine does not have is wrong', async () => {
    expect((await portFinding({ host: '192.0.2.1', port: 0 }, false)).verdict).toBe('wrong');
  });

  test('asking leaves the port free', async () => {
    other.close();
    await new Promise((resolve) => other.once('close', resolve));
    expect((await portFinding({ host: '127.0.0.1', port }, false)).text).toContain('is free');
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
  });
});

describe('the disk', () => {
  test('a folder that is not there yet is asked by its nearest parent', () => {
    const finding = diskFinding(join(place.dir, 'not', 'yet', 'there'));
    expect(finding.about).toBe('disk');
    expect(finding.text).toMatch(/^\d+ MiB free for /);
    expect(readdirSync(place.dir)).toEqual(['data']);
  });
});

describe('files', () => {
  const dir = (): string => {
    const made = join(place.dir, `files-${readdirSync(place.dir).length}`);
    mkdirSync(made, { mode: 0o700 });
    return made;
  };

  test('what its owner alone may read is well, and a folder that is not there is no finding', () => {
    expect(permissionFindings(place.dataDir, join(place.dataDir, 'master.key'))).toMatchObject([{ verdict: 'ok' }]);
    expect(permissionFindings(join(place.dir, 'none'), join(place.dir, 'none', 'master.key'))).toEqual([]);
  });

  test.each([
    ['a key that the group may read', 'master.key', 0o640],
    ['a key that everybody may read', 'master.key', 0o644],
    ['a database that everybody may read', 'patchbay.db', 0o604],
  ])('%s is wrong, and the command that mends it is named', (_, name, mode) => {
    const made = dir();
    const path = join(made, name);
    writeFileSync(path, 'x');
    chmodSync(path, mode);
    const [finding] = permissionFindings(made, join(made, 'master.key'));
    expect(finding).toMatchObject({ about: 'files', verdict: 'wrong' });
    expect(finding?.text).toContain(`chmod go= ${path}`);
  });

  test('a folder that others may look into is worth a note, for what is in it is shut by itself', () => {
    const made = dir();
    chmodSync(made, 0o755);
    expect(permissionFindings(made, join(made, 'master.key'))).toMatchObject([{ verdict: 'note' }]);
  });
});

describe('the clock', () => {
  const at = (nowMs: number): Clock => ({ ...systemClock, nowMs: () => nowMs });
  const saying = (nowMs: number | null): Driver =>
    ({ engine: nowMs === null ? 'sqlite' : 'postgres', rows: async () => [{ now_ms: nowMs }] }) as unknown as Driver;
  const now = Date.UTC(2026, 10, 21);

  test.each([
    ["the embedded database has this machine's clock", now, null, 'ok', ''],
    ['a few seconds are no matter', now, now + 4_000, 'ok', ''],
    ['a minute behind is wrong', now, now + 60_000, 'wrong', '60 s behind'],
    ['a minute ahead is wrong', now, now - 60_000, 'wrong', '60 s ahead of'],
    ['a clock that was never set is wrong', 1_000, null, 'wrong', '1970-01-01'],
  ])('%s', async (_, here, there, verdict, text) => {
    const finding = await clockFinding(saying(there), at(here));
    expect(finding.verdict).toBe(verdict);
    expect(finding.text).toContain(text);
  });
});

describe('private targets', () => {
  test('a list of the operator is told as it is, an empty one as none', () => {
    expect(egressFinding({ egressAllow: null }).text).toContain('loopback');
    expect(egressFinding({ egressAllow: '' }).text).toMatch(/opens 0 .+ none$/);
    expect(egressFinding({ egressAllow: '10.0.0.0/8:8000, nas.lan:*' }).text).toContain('10.0.0.0/8:8000');
  });
});

describe('all together', () => {
  const look = (more: Record<string, string> = {}, isJson = false) =>
    told((terminal) => doctor(() => place.settings(more), terminal, { isJson }));

  test('a stopped installation is well', async () => {
    const { code, out, err } = await look();
    expect([code, err]).toEqual([0, []]);
    expect(out.map((line) => line.split(/\s+/).slice(0, 2).join(' '))).toEqual([
      'ok settings',
      'ok port',
      'ok disk',
      'ok files',
      'ok database',
      'ok clock',
      'ok master',
      'ok egress',
    ]);
  });

  test('as JSON it is a list of findings', async () => {
    const { out } = await look({}, true);
    const findings = JSON.parse(out.join('\n')) as { about: string; verdict: string; text: string }[];
    expect(findings).toContainEqual(expect.objectContaining({ about: 'master key', verdict: 'ok' }));
  });

  test('a key that is another one is wrong, and its check value is named, not the key', async () => {
    const key = Buffer.from(Array.from({ length: 32 }, (_, n) => (n * 37 + 11) % 251)).toString('base64');
    const { code, out } = await look({ PATCHBAY_MASTER_KEY: key });
    expect(code).toBe(1);
    expect(out.join('\n')).toMatch(/^wrong master key .+kcv=[0-9a-f]{16}/m);
    expect(out.join('\n')).not.toContain(key);
  });

  test('a database that does not answer is wrong, and its password is not told', async () => {
    const { code, out } = await look({ PATCHBAY_DATABASE_URL: 'postgres://u:canary-password@127.0.0.1:1/x' });
    expect(code).toBe(1);
    expect(out.join('\n')).toMatch(/^wrong database/m);
    expect(out.join('\n')).not.toContain('canary-password');
  });

  test('a Valkey that does not answer is wrong, and its password is not told', async () => {
    const { code, out } = await look({ PATCHBAY_REDIS_URL: 'redis://u:canary-password@127.0.0.1:1' });
    expect(code).toBe(1);
    expect(out.join('\n')).toMatch(/^wrong valkey +does not answer \(ECONNREFUSED\)/m);
    expect(out.join('\n')).not.toContain('canary-password');
  });

  needs('redis')('with a Valkey', () => {
    test('that answers, it is told', async () => {
      const redis = await startRedis();
      const { code, out } = await look({ PATCHBAY_REDIS_URL: redis.url });
      await redis.stop();
      expect([code, out.find((line) => line.includes('valkey'))]).toEqual([0, expect.stringMatching(/^ok +valkey +answers$/)]);
    });
  });

  test('settings that cannot be read end it with 78', async () => {
    const refuse = (): never => {
      throw new SettingsError('PATCHBAY_PROT is not a setting');
    };
    expect(await told((terminal) => doctor(refuse, terminal))).toEqual({
      code: 78,
      out: ['wrong settings   PATCHBAY_PROT is not a setting'],
      err: [],
    });
  });

  test('beside a running server it tells of it, and disturbs nothing', async () => {
    await place.serve();
    const { code, out } = await look();
    expect(code).toBe(0);
    expect(out.join('\n')).toMatch(/^ok +port +the server of this data directory is running$/m);
    expect(out.join('\n')).toMatch(/^note +database +a running Patchbay holds it/m);
  });
});
