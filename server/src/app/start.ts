/** Opens the house to the world and closes it again without losing a request. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import compress from '@fastify/compress';
import type { FastifyServerFactory } from 'fastify';
import { resumeBulkTests } from '../control/bulk-test.ts';
import { resumeExports } from '../control/exports.ts';
import { resumePulls } from '../control/local-models.ts';
import { resumeRepricing } from '../control/prices.ts';
import { resumeImports } from '../control/usage-imports.ts';
import { isReencryptionPaused, resumeReencryption } from '../control/reencryption.ts';
import { ensureAdministrator } from '../control/people/administrator.ts';
import { newSetupToken } from '../control/people/setup.ts';
import { handleDemo } from '../faces/demo/handler.ts';
import { addRoutes, createPlane } from '../faces/kit/plane.ts';
import { handleV1 } from '../faces/openai/plane.ts';
import { pause, type Clock } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import { buildHouse } from './build.ts';
import type { House, HouseDeps, HouseIo } from './house.ts';
import { addOpenApi } from './openapi.ts';
import { openOperatorLine } from './operator-line.ts';
import { resumeRotation, runNamed, type Operating } from './operations.ts';
import { addFiles, loadPage } from './pages.ts';
import { registry } from './registry.ts';
import { basePathOf, createHouseServer, type OwnedServer } from './server.ts';
import type { Settings } from './settings.ts';
import { feedFormerWorkers } from './left-journals.ts';
import { instanceDirOf } from './worker.ts';

/** Clients learn that they should go elsewhere before the door closes (P8). */
const announceMs = 1_000;
/** Streams may end within this; then they are told so and cut. */
const drainMs = 600_000;
const idleCheckMs = 100;
/** How long a start waits for what an earlier run left in its journal. */
const catchUpMs = 30_000;
/** Smaller answers gain nothing by compression (R-168). */
const compressBytesMin = 1_024;
/** One run of the feeder takes what it finds at its beginning; a second one takes what came meanwhile. */
const drainTriesMax = 2;
const distDir = path.join(import.meta.dirname, '../../../web/dist');

export interface StartedHouse {
  url: string;
  house: House;
  deps: HouseDeps;
  /** The one-time link of the first set-up; null once it is done. */
  setupUrl: string | null;
  /** Drains and closes. `isHurried` skips the announcement and cuts what is under way. */
  close(options?: { isHurried?: boolean }): Promise<void>;
}

export interface StartIo extends HouseIo {
  clock: Clock;
  ids: Ids;
  log: Log;
  /** Where the built pages lie; without it, in their own folder. */
  pagesDir?: string;
}

export async function startHouse(settings: Settings, io: StartIo): Promise<StartedHouse> {
  const house = await buildHouse(settings, io);
  const isFirst = (io.worker?.number ?? 1) === 1;
  try {
    await prepare(house, io);
    const { owned, closeControl } = await assemble(house, io);
    const url = await listen(owned.server, {
      host: settings.host,
      port: io.worker?.port ?? settings.port,
      reusePort: io.worker !== undefined,
    });
    house.setOwnUrl(ownUrlOf(owned.server));
    resumeBulkTests(house.deps);
    resumePulls(house.deps);
    resumeRepricing(house.deps);
    resumeImports(house.deps);
    resumeReencryption(house.deps);
    resumeExports(house.deps);
    // On the embedded database nobody else can be working on what an earlier run left.
    await house.deps.tasks.recover({ isAlone: house.database.driver.engine === 'sqlite' });
    const operating = operatingOn(house, settings.publicUrl ?? url);
    const instanceDir = instanceDirOf(settings.dataDir, io.worker?.number);
    const line = await openOperatorLine({ dataDir: instanceDir, log: io.log }, (name, input, say) =>
      runNamed({ ...operating, say }, name, input),
    );
    // Nobody else can be at it here; beside PostgreSQL it may be another instance's, and its command goes on with it.
    if (house.database.driver.engine === 'sqlite' && !(await isReencryptionPaused(house.deps))) void resumeRotation(operating);
    // Each link ends the ones before it, and only the first worker is heard.
    const token = isFirst ? await newSetupToken(house.deps) : null;
    const left =
      isFirst && house.database.driver.engine === 'postgres'
        ? feedFormerWorkers({ ...house.deps, ...io }, settings.dataDir, io.worker?.count ?? 1)
        : null;
    const setupUrl = token === null ? null : `${settings.publicUrl ?? url}/setup?token=${token}`;
    return {
      url,
      house,
      deps: house.deps,
      setupUrl,
      close: async (options) => {
        await line.close();
        await left?.close();
        await close(house, io, owned, closeControl, options?.isHurried ?? false);
      },
    };
  } catch (error) {
    await house.close();
    throw error;
  }
}

const operatingOn = ({ deps, settings, feeder }: House, url: string): Operating => ({
  deps,
  settings,
  url,
  say: () => undefined,
  async drainBooks() {
    await deps.books.catchUp();
    for (let tries = 0; tries < drainTriesMax && feeder.lagRecords() > 0; tries++) await feeder.feed();
    // Under load there is always something on its way; what was there when this began is in.
    return feeder.isCaughtUp() && deps.ops.state().isDatabaseHealthy;
  },
});

/**
 * What should be true before the first request: the books of an earlier run closed, the named administrator there. A budget that is asked
 * before the books are closed waits for them.
 */
async function prepare(house: House, io: StartIo): Promise<void> {
  const untilMs = io.clock.monotonicMs() + catchUpMs;
  while (!house.feeder.isCaughtUp() && house.database.driver.isHealthy() && io.clock.monotonicMs() < untilMs) {
    await house.feeder.feed();
    if (!house.feeder.isCaughtUp()) await pause(io.clock, 50);
  }
  await house.deps.recallLimits();
  const { admin } = house.settings;
  if (admin)
    await ensureAdministrator(house.deps, { email: admin.email, password: admin.password.reveal(), token: admin.token?.reveal() ?? null });
}

async function assemble(house: House, io: StartIo): Promise<{ owned: OwnedServer; closeControl: () => Promise<void> }> {
  const { deps, settings, demoKey } = house;
  let owned: OwnedServer | undefined;
  const demoDeps = { clock: io.clock, key: demoKey };
  const pagesDir = io.pagesDir ?? distDir;
  const page = await loadPage({ ids: io.ids, basePath: basePathOf(settings.publicUrl) }, pagesDir);
  const serverFactory: FastifyServerFactory = (handler) => {
    owned = createHouseServer(
      { ids: io.ids, basePath: basePathOf(settings.publicUrl), routes: registry },
      {
        v1: (request, response) => handleV1(deps, request, response),
        // A caller that hangs up within its body ends the reading of it, and nothing is left to say.
        demo: settings.isDemoOffered
          ? (request, response) => void handleDemo(demoDeps, request, response).catch(() => response.destroy())
          : null,
      },
      handler,
    );
    return owned.server;
  };
  const app = createPlane(deps, serverFactory, page ?? undefined);
  await app.register(compress, { threshold: compressBytesMin, globalDecompression: false });
  if (page) await addFiles(app, pagesDir);
  addOpenApi(app);
  addRoutes(app, deps, registry);
  await app.ready();
  if (!owned) throw new Error('the control plane did not make its server');
  return { owned, closeControl: () => app.close() };
}

function listen(server: Server, place: { host: string; port: number; reusePort: boolean }): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(place, () => {
      server.off('error', reject);
      const { address, port, family } = server.address() as AddressInfo;
      resolve(`http://${family === 'IPv6' ? `[${address}]` : address}:${port}`);
    });
  });
}

/** Where this process reaches itself, whatever address it listens on. */
const ownUrlOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

async function close(house: House, io: StartIo, owned: OwnedServer, closeControl: () => Promise<void>, isHurried: boolean): Promise<void> {
  owned.announceClose();
  // Pages come back by themselves; a drain that waited for them would never end.
  house.deps.events.close();
  if (!isHurried) await pause(io.clock, announceMs);
  const closed = new Promise<void>((resolve) => owned.server.close(() => resolve()));
  owned.server.closeIdleConnections();
  // A line that was promised to stay falls idle when its stream ends, and would hold the door open until its client lets go.
  const idle = io.clock.every(idleCheckMs, () => owned.server.closeIdleConnections());
  const cut = io.clock.after(isHurried ? 0 : drainMs, () => owned.server.closeAllConnections());
  await closed;
  idle.cancel();
  cut.cancel();
  // A server is closed before its lines have said so to those who serve them. Two turns later everybody knows who has gone; a call that
  // was cut off earlier than its caller would be tried again.
  await new Promise<void>((resolve) => void setImmediate(() => setImmediate(resolve)));
  await closeControl();
  await house.close();
}
