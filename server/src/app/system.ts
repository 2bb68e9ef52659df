/** What the page System shows and begins: facts from the rooms that have them, put together. Nothing here is a secret. */
import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import type { System } from '@patchbay/contract/system';
import type { Caller } from '../control/change.ts';
import { isRotationUnfinished } from '../control/master-key-rotation.ts';
import { reencryptionKind, type ReencryptionDeps } from '../control/reencryption.ts';
import type { SystemDeps } from '../faces/admin-system/routes.ts';
import type { OpsDeps } from '../faces/ops/routes.ts';
import type { Journal } from '../journal/journal.ts';
import { isoOf } from '../lib/iso-time.ts';
import { databaseFacts, instancesSince, masterKeyAges } from '../storage/system.ts';
import { runNamed, type OperatorDeps } from './operations.ts';
import { settingsInEffect, type Settings } from './settings.ts';

/** An instance that was not seen for this long is gone. */
const goneAfterMs = 300_000;
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };

export type SystemRooms = Pick<SystemDeps, 'system'> & Pick<ReencryptionDeps, 'reencryption'>;

/** The rooms that the system is told from. */
type Rooms = OperatorDeps & OpsDeps & Pick<ReencryptionDeps, 'tasks'> & { journal: Pick<Journal, 'instanceId'> };

/** The rooms, and what is told and done over all of them. */
export function withSystem<Base extends Rooms>(rooms: Base, settings: Settings): Base & SystemRooms {
  const startedAtMs = rooms.clock.nowMs();
  return Object.assign(rooms, {
    system: { view: () => viewOf(rooms, settings, startedAtMs) },
    reencryption: {
      isKeptHere: settings.masterKey === null,
      run: async (caller: Caller, tell: (line: string) => void) => {
        // What is still in the journal holds no sealed value.
        const operating = { deps: rooms, settings, url: '', say: tell, drainBooks: () => Promise.resolve(true), caller };
        return (await runNamed(operating, 'master-key.rotate', { newKey: null, isDryRun: false })) as { values: number };
      },
    },
  });
}

async function viewOf(rooms: Rooms, settings: Settings, startedAtMs: number): Promise<System> {
  const { database, clock } = rooms;
  const state = rooms.ops.state();
  const nowMs = clock.nowMs();
  // A database that is away leaves its facts open; the rest is told all the same.
  const facts = await databaseFacts(database).catch(() => null);
  const instances = await instancesSince(database, nowMs - goneAfterMs).catch(() => []);
  return {
    health: {
      database: {
        engine: state.engine,
        isHealthy: state.isDatabaseHealthy,
        version: facts?.version ?? null,
        bytes: facts?.bytes ?? null,
        schema: state.schema,
      },
      configRevision: state.configRevision,
      ledgerLagRecords: state.ledgerLagRecords,
      journalUnfedBytes: state.journalUnfedBytes,
      disk: await diskOf(settings.dataDir),
      instances: instances.map(({ id, startedAtMs: beganMs, seenAtMs }) => ({
        id,
        startedAt: isoOf(beganMs),
        seenAt: isoOf(seenAtMs),
        isThis: id === rooms.journal.instanceId,
      })),
    },
    encryption: await encryptionOf(rooms, settings),
    environment: settingsInEffect(),
    network: {
      allowed:
        settings.egressAllow === null
          ? null
          : settings.egressAllow
              .split(',')
              .map((one) => one.trim())
              .filter((one) => one !== ''),
      trustedProxies: settings.trustedProxies,
      publicUrl: settings.publicUrl,
      host: settings.host,
      port: settings.port,
    },
    about: { version, node: process.version, platform: `${process.platform} ${process.arch}`, startedAt: isoOf(startedAtMs) },
  };
}

async function encryptionOf({ database, tasks }: Rooms, settings: Settings): Promise<System['encryption']> {
  const keys = await masterKeyAges(database).catch(() => []);
  return {
    keys: keys.map(({ version: number, kcv, status, createdAtMs }) => ({
      version: number,
      check: kcv,
      status,
      createdAt: isoOf(createdAtMs),
    })),
    isKeptHere: settings.masterKey === null,
    isUnfinished: await isRotationUnfinished({ database }, settings.masterKey === null).catch(() => false),
    taskId: tasks.running(({ kind }) => kind === reencryptionKind)?.id ?? null,
  };
}

async function diskOf(dir: string): Promise<System['health']['disk']> {
  try {
    const { bavail, blocks, bsize } = await statfs(dir);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  } catch {
    return null;
  }
}
