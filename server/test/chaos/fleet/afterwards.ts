/** What must be true of all instances when the work has ended and every one of them has had the time to hear of it. */
import { adminToken } from '../instance.ts';
import type { Member } from './members.ts';
import { untilSaid, type World } from './world.ts';

/** A task that a killed instance worked on is taken over after a minute, by a look every half of one. */
const tasksWithinMs = 150_000;

const lists = [
  '/api/configurations',
  '/api/admin/models',
  '/api/access-keys?limit=500',
  '/api/use-cases',
  '/api/routing-groups',
  '/api/policies',
  '/api/repositories',
  '/api/limit-settings',
  '/api/admin/settings/ai',
  '/api/admin/users',
  '/api/admin/prices',
];

/** Adds to the world's faults whatever is not so. */
export async function afterwards(world: World): Promise<void> {
  const { members, faults } = world;
  const up = members.all.filter(({ isUp }) => isUp);
  if (up.length < members.all.length) faults.push(`${up.length} of ${members.all.length} instances serve at the end`);
  for (const member of up) await untilSaid(world, member, 'the end of all tasks', () => areTasksOver(world, member), tasksWithinMs);
  await sameRevision(world, up);
  for (const path of lists) await sameAnswer(world, up, path, adminToken);
  for (const member of up) {
    const { status, body } = await members.ask(member, 'GET', '/api/admin/audit/verify', { token: adminToken });
    const verified = body['data'] as { isSound?: boolean } | undefined;
    if (status !== 200 || verified?.isSound !== true)
      faults.push(`the audit log on instance ${member.index}: ${status} ${JSON.stringify(body)}`);
  }
}

async function areTasksOver(world: World, member: Member): Promise<boolean> {
  const answer = await world.members.ask(member, 'GET', '/api/tasks?state=running', { token: adminToken });
  return answer.status === 200 && (answer.body['data'] as unknown[]).length === 0;
}

async function stateOf(world: World, member: Member): Promise<Record<string, unknown>> {
  return (await world.members.ask(member, 'GET', '/readyz', {})).body;
}

/** The first one's revision can only rise, so the others are asked until they have it. */
async function sameRevision(world: World, up: readonly Member[]): Promise<void> {
  for (const member of up)
    await untilSaid(world, member, 'the revision of the first instance, and books that lack nothing', async () => {
      const [expected, state] = [await stateOf(world, up[0]!), await stateOf(world, member)];
      return state['configRevision'] === expected['configRevision'] && state['ledgerLagRecords'] === 0;
    });
}

/** Figures that go on by themselves: they are not configuration. */
const ownPace = new Set(['lastUsedAt', 'request_id', 'lastTested', 'testStatus', 'requests7d', 'violations7d', 'blocks7d', 'spentUsd']);
const still = (body: unknown): string => JSON.stringify(body, (name, value: unknown) => (ownPace.has(name) ? undefined : value));

async function sameAnswer(world: World, up: readonly Member[], path: string, token: string): Promise<void> {
  for (const member of up) await sameAsFirst(world, up[0]!, member, path, token);
}

async function sameAsFirst(world: World, first: Member, member: Member, path: string, token: string): Promise<void> {
  const said: string[] = [];
  const faultsBefore = world.faults.length;
  await untilSaid(world, member, `what instance ${first.index} says of ${path}`, async () => {
    const [expected, answer] = await Promise.all([first, member].map((one) => world.members.ask(one, 'GET', path, { token })));
    said.splice(0, 2, still(expected!.body), still(answer!.body));
    return expected!.status === 200 && said[0] === said[1];
  });
  if (world.faults.length === faultsBefore) return;
  const [expected, answered] = said as [string, string];
  let at = 0;
  while (at < expected.length && expected[at] === answered[at]) at++;
  world.faults.push(`  they differ from letter ${at} on: ${expected.slice(at - 200, at + 200)} … ${answered.slice(at - 200, at + 200)}`);
}
