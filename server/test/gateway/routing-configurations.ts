/** Random configurations of a house: connections, groups and recent traffic, put into memory as a commit would; one seed, one configuration. */
import type { Connection } from '../../src/domain/connection.ts';
import type { Fault } from '../../src/domain/errors.ts';
import { groupDefaults, strategies, type RoutingGroup } from '../../src/domain/routing-group.ts';
import { seededDraw } from '../../src/domain/simulate-world.ts';
import type { StartedHouse } from '../../src/app/start.ts';

const models = ['gpt-4o', 'gpt-4o-mini', 'gpt-3.5-turbo', 'gpt-4', 'o1-mini', 'unheard-of'];
const faults: readonly Fault[] = ['server_error', 'rate_limited', 'bad_request', 'connection_lost'];
const placesMax = 6;

export interface Configured {
  group: RoutingGroup;
  body: Record<string, unknown>;
  headers: Record<string, string>;
}

/** Connections that every configuration draws from; their key is none, and they lead to this address. */
export function placesAt(baseUrl: string, owner: Connection['owner'], createdBy: string): Connection[] {
  return Array.from({ length: placesMax }, (_, at) => ({
    id: `00000000-0000-7000-8000-00000000000${at}`,
    owner,
    createdBy,
    name: `Place ${at}`,
    providerId: 'custom',
    baseUrl,
    origin: new URL(baseUrl).origin,
    model: models[at]!,
    settings: {},
    hasSecret: false,
    secretLast4: null,
    secretSetAtMs: null,
    isActive: true,
    isDefault: false,
    trust: 'administrator',
    createdAtMs: at,
    updatedAtMs: at,
    lastTestedAtMs: null,
    testStatus: null,
    revision: 1,
  }));
}

const questions: readonly Record<string, unknown>[] = [
  {},
  { user: 'somebody' },
  { max_tokens: 100 },
  { tools: [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }] },
  { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } } },
];

/** Replaces group and recent traffic by those of a seed. */
export function configure({ deps }: StartedHouse, places: readonly Connection[], seed: number): Configured {
  const draw = seededDraw(Math.imul(seed + 1, 0x85ebca6b));
  const pick = <T>(list: readonly T[]): T => list[Math.floor(draw() * list.length)]!;
  const owner = places[0]!.owner;
  const connections = places.map((place) => ({ ...place, isActive: draw() < 0.9 }));
  // One is always on, so that somebody answers.
  connections[0]!.isActive = true;
  const count = 1 + Math.floor(draw() * places.length);
  const group: RoutingGroup = {
    id: '00000000-0000-7000-8000-0000000000ff',
    owner,
    name: 'anyone',
    strategy: pick(strategies),
    options: {
      ...groupDefaults,
      stickyBy: pick(['session', 'prefix']),
      exploration: pick([0, 0.2]),
      priceWeight: draw() * 3,
      latencyWeight: draw() * 3,
    },
    targets: Array.from({ length: count }, (_, at) => ({
      connectionId: places[at]!.id,
      model: draw() < 0.3 ? pick(models) : null,
      weight: pick([0, 1, 2, 50]),
      isEnabled: at === 0 || draw() < 0.9,
      region: at === 0 ? 'eu' : pick([null, 'eu', 'us']),
    })),
    isActive: true,
    createdBy: places[0]!.createdBy,
    createdAtMs: 0,
    updatedAtMs: 0,
    revision: 1,
  };
  const nothing = { accessKeys: [], personalTokens: [], people: [], memberships: [], ownerKeys: [], deletedWorkspaceIds: [] };
  deps.keeper.snapshot.apply({
    ...nothing,
    revision: deps.keeper.snapshot.revision,
    connections: connections.map((connection) => ({ id: connection.id, connection, sealed: null })),
    routingGroups: [{ id: group.id, owner, group }],
  });
  for (const { id, model } of connections) {
    deps.health.forget(id);
    for (let answers = Math.floor(draw() * 4); answers > 0; answers--)
      deps.health.succeeded(id, model!, {
        firstByteMs: draw() * 900,
        totalMs: 900 + draw() * 900,
        tokensOut: 10 + Math.floor(draw() * 100),
      });
    const failures = draw() < 0.3 ? Math.floor(draw() * 8) : 0;
    const fault = pick(faults);
    for (let failed = 0; failed < failures; failed++) deps.health.failed(id, fault, null, model!);
    for (let under = Math.floor(draw() * 4); under > 0; under--) deps.health.began(id);
  }
  const headers: Record<string, string> =
    draw() < 0.2 ? { 'x-patchbay-region': 'eu' } : draw() < 0.3 ? { 'x-patchbay-session': `s${seed}` } : {};
  return { group, body: pick(questions), headers };
}
