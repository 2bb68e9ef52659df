/** What an operator and a load balancer ask: alive, ready, and the figures. */
import { z } from 'zod';
import { Refusal } from '../../domain/errors.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { ok, route, type Route } from '../kit/route.ts';

export interface OpsState {
  isReady: boolean;
  engine: 'sqlite' | 'postgres';
  schema: number;
  configRevision: number;
  isDatabaseHealthy: boolean;
  /** Null where none is set. */
  isValkeyUp: boolean | null;
  ledgerLagRecords: number;
  journalUnfedBytes: number;
}

export interface OpsDeps extends PlaneDeps {
  ops: {
    state(): OpsState;
    metrics(): Promise<string>;
  };
}

const readiness = z.object({
  ready: z.boolean(),
  engine: z.enum(['sqlite', 'postgres']),
  schema: z.number(),
  configRevision: z.number(),
  database: z.enum(['ok', 'unreachable']),
  /** Only where one is set. An instance serves without it. */
  valkey: z.enum(['ok', 'unreachable']).optional(),
  ledgerLagRecords: z.number(),
  journalUnfedBytes: z.number(),
});

/** What proxies put in front of a request that they pass on. */
const forwardedBy = ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'forwarded', 'via'] as const;
const loopback = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);

export const routes: readonly Route<OpsDeps>[] = [
  route({
    method: 'GET',
    path: '/healthz',
    summary: 'Whether the process lives',
    access: 'open',
    answers: { 200: z.object({ ok: z.literal(true) }) },
    statuses: [200],
    handle: () => ok({ ok: true }),
  }),
  route({
    method: 'GET',
    path: '/readyz',
    summary: 'Whether this instance serves, and from what',
    access: 'open',
    answers: { 200: readiness, 503: readiness },
    statuses: [200, 503],
    handle(deps: OpsDeps) {
      const state = deps.ops.state();
      return {
        // A database that is away does not end serving: known keys are in memory, entries in the journal.
        status: state.isReady ? 200 : 503,
        body: {
          ready: state.isReady,
          engine: state.engine,
          schema: state.schema,
          configRevision: state.configRevision,
          database: state.isDatabaseHealthy ? 'ok' : 'unreachable',
          ...(state.isValkeyUp !== null && { valkey: state.isValkeyUp ? ('ok' as const) : ('unreachable' as const) }),
          ledgerLagRecords: state.ledgerLagRecords,
          journalUnfedBytes: state.journalUnfedBytes,
        },
      };
    },
  }),
  route({
    method: 'GET',
    path: '/metrics',
    summary: 'Figures for Prometheus: open on loopback, elsewhere for administrators',
    access: 'open',
    answers: { 200: z.string() },
    gives: ['text/plain'],
    statuses: [200, 401, 403],
    async handle(deps: OpsDeps, { actor, request, reply }) {
      // A proxy on the same machine makes every stranger look local: what it forwards is not taken for the operator.
      const isLocal = loopback.has(request.socket.remoteAddress ?? '') && forwardedBy.every((name) => request.headers[name] === undefined);
      const who = actor as { role: string } | null;
      if (!isLocal && !who) throw new Refusal('UNAUTHENTICATED');
      if (!isLocal && who?.role !== 'administrator') throw new Refusal('FORBIDDEN');
      reply.type('text/plain; version=0.0.4; charset=utf-8').serializer((body: unknown) => String(body));
      return ok(await deps.ops.metrics());
    },
  }),
];
