/** A house with three connections to three providers, and groups of them: for the tests of routing on the real way of a completion. */
import { createGroup, type GroupInput } from '../../src/control/routing-groups.ts';
import type { Connection } from '../../src/domain/connection.ts';
import { plain, startFakeProvider, type FakeProvider } from '../support/fake-provider.ts';
import { message, openRig, type Rig, type Said } from './rig.ts';

/** The models of the three connections, in their order: one that does all, one that sees no pictures, one that holds little. */
export const models = ['gpt-4o', 'gpt-3.5-turbo', 'gpt-4'];

interface TargetInput {
  connectionId: string;
  weight: number;
  isEnabled: boolean;
  model?: string;
  region?: string;
}

export interface RoutingRig {
  rig: Rig;
  fakes: FakeProvider[];
  connections: Connection[];
  key: string;
  target: (at: number, part?: Partial<TargetInput>) => TargetInput;
  /** A new group of the organization; its name is a model from then on. */
  group: (targets: TargetInput[], part?: Omit<GroupInput, 'name' | 'targets'>) => Promise<string>;
  ask: (model: string, body?: object, headers?: Record<string, string>) => Promise<Said>;
  /** Calls that each provider got. */
  counts: () => number[];
  /** As at the beginning: every provider answers, and nothing is known of any. */
  calm: () => void;
  close: () => Promise<void>;
}

export const requestId = (said: Said): string => String(said.headers['x-request-id']);

export async function openRoutingRig(): Promise<RoutingRig> {
  const [rig, ...fakes] = await Promise.all([openRig(), startFakeProvider(), startFakeProvider(), startFakeProvider()]);
  const key = (await rig.issueKey()).text;
  const connections: Connection[] = [];
  for (const [at, fake] of fakes.entries())
    connections.push(await rig.connect({ name: `Place ${at}`, providerId: 'custom', baseUrl: fake.baseUrl, model: models[at]! }));
  let groups = 0;
  return {
    rig,
    fakes,
    connections,
    key,
    target: (at, part = {}) => ({ connectionId: connections[at]!.id, weight: 1, isEnabled: true, ...part }),
    async group(targets, part = {}) {
      const name = `group-${++groups}`;
      const owner = { scope: 'organization' as const, id: rig.deps.keeper.snapshot.organizationId };
      await createGroup(rig.deps, rig.caller, owner, { name, targets, ...part });
      return name;
    },
    ask: (model, body = {}, headers = {}) => rig.ask(key, { model, messages: message(), ...body }, headers),
    counts: () => fakes.map(({ received }) => received.length),
    calm() {
      for (const fake of fakes) {
        fake.answer(plain);
        fake.received.length = 0;
      }
      for (const { id } of connections) rig.deps.health.forget(id);
    },
    async close() {
      await rig.close();
      await Promise.all(fakes.map((fake) => fake.close()));
    },
  };
}
