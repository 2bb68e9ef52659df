/** A control plane with routes of the test's own, for what no route of the house would do: fail inside, or answer too much. */
import type { FastifyInstance } from 'fastify';
import { afterAll } from 'vitest';
import type { Actor, Origin } from '../../src/domain/owner.ts';
import { Snapshot } from '../../src/domain/snapshot.ts';
import { addRoutes, createPlane, type Page, type PlaneDeps } from '../../src/faces/kit/plane.ts';
import type { Route } from '../../src/faces/kit/route.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createIds } from '../../src/lib/ids.ts';
import { createLog } from '../../src/lib/log.ts';

export interface NotedRefusal {
  actor: Actor | null;
  origin: Origin;
  method: string;
  path: string;
  code: string;
}

export interface Plane {
  app: FastifyInstance;
  snapshot: Snapshot;
  logged: string[];
  /** What was told to the audit log. */
  noted: NotedRefusal[];
}

export interface PlaneOptions<Deps> {
  routes?: readonly Route<PlaneDeps & Deps>[];
  more?: Deps;
  page?: Page;
  trustedProxies?: string[];
  /** The user behind every session cookie `session=<user id>`; without it cookies mean nothing. */
  isSessionKnown?: boolean;
  requestsPerMinuteMax?: number;
  prepare?: (app: FastifyInstance) => Promise<void>;
}

const opened: FastifyInstance[] = [];
afterAll(async () => {
  for (const app of opened) await app.close();
});

/** Not listening: `app.inject` sends to it without a socket. */
export async function openPlane<Deps extends object>(options: PlaneOptions<Deps> = {}): Promise<Plane> {
  const snapshot = new Snapshot();
  const logged: string[] = [];
  const noted: NotedRefusal[] = [];
  const deps: PlaneDeps = {
    keeper: { snapshot },
    sessions: {
      userIdOf: async (headers) => (options.isSessionKnown === true ? (/session=([^;]+)/.exec(headers.cookie ?? '')?.[1] ?? null) : null),
    },
    clock: systemClock,
    ids: createIds(systemClock),
    log: createLog('debug', { write: (line) => void logged.push(line) }),
    isOwnOrigin: (origin, host) => host !== undefined && origin === `http://${host}`,
    trustedProxies: options.trustedProxies ?? [],
    requestsPerMinuteMax: options.requestsPerMinuteMax,
    noteRefusedAccess: async (actor, origin, method, path, code) => void noted.push({ actor, origin, method, path, code }),
  };
  const app = createPlane(deps, undefined, options.page);
  opened.push(app);
  await options.prepare?.(app);
  addRoutes(app, { ...deps, ...(options.more as Deps) }, options.routes ?? []);
  await app.ready();
  return { app, snapshot, logged, noted };
}
