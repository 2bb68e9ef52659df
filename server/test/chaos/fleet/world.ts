/** What the changes of a fleet's control plane work with: people, what they share, and the questions that all changes ask. */
import { setTimeout as waitMs } from 'node:timers/promises';
import { adminToken } from '../instance.ts';
import type { Listener } from './lines.ts';
import type { Answer, Member, Members } from './members.ts';

/** What one instance was told, others hear by the database, and look themselves every few seconds; a busy machine takes longer. */
const heardWithinMs = 20_000;
const lookMs = 50;

export interface Person {
  id: string;
  email: string;
  token: string;
  password: string;
}

export interface World {
  members: Members;
  listener: Listener;
  /** Administrators; the first one is the one that the settings name. */
  people: readonly Person[];
  providerUrl: string;
  draw: () => number;
  /** A name that nothing else has. */
  fresh(kind: string): string;
  faults: string[];
  /** How often each meeting was held to its end. */
  held: Map<string, number>;
  somebody(): Person;
}

export const data = ({ body }: Answer): Record<string, unknown> =>
  (body['data'] ?? body['workspace'] ?? body['list'] ?? {}) as Record<string, unknown>;

/** What a browser sends back of the cookies that it was given. */
export const cookieOf = ({ headers }: Answer): string =>
  [headers['set-cookie'] ?? []]
    .flat()
    .map((text) => text.split(';')[0])
    .join('; ');

/** The first request of a change; nobody killed it meanwhile, or there is nothing to go on with. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

/** Asks, and answers what is there. @throws Killed where the instance went meanwhile; Error where it says no */
export async function made(
  world: World,
  member: Member,
  method: string,
  path: string,
  body?: unknown,
  token = adminToken,
): Promise<Answer> {
  const answer = await world.members.ask(member, method, path, { token, ...(body !== undefined && { body }) });
  if (answer.status === 0) throw new Killed();
  if (answer.status >= 300) throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer;
}

/** Waits until an instance says what is expected of it. A fault where it does not in time. */
export async function untilSaid(
  world: World,
  member: Member,
  what: string,
  isSo: () => Promise<boolean>,
  withinMs = heardWithinMs,
): Promise<void> {
  const endMs = performance.now() + withinMs;
  const { run } = member;
  while (performance.now() < endMs) {
    // What was killed meanwhile owes no answer.
    if (run !== member.run || !member.isUp) return;
    if (await isSo()) return;
    await waitMs(lookMs);
  }
  if (run === member.run && member.isUp) world.faults.push(`${what}: not on instance ${member.index} within ${withinMs} ms`);
}

const revisionOf = async (world: World, member: Member): Promise<number> =>
  Number((await world.members.ask(member, 'GET', '/readyz', {})).body['configRevision'] ?? -1);

/** Waits until an instance has heard of all that another one knows. */
export async function untilHeard(world: World, one: Member, other: Member): Promise<void> {
  const revision = await revisionOf(world, one);
  await untilSaid(world, other, `revision ${revision}`, async () => (await revisionOf(world, other)) >= revision);
}

/** Asks both at the same moment. Statuses in order, or null where one of them was killed and nobody knows what it did. */
export async function both(
  world: World,
  first: readonly [Member, string, string, unknown?],
  second: readonly [Member, string, string, unknown?],
  people: readonly [Person, Person] = [world.somebody(), world.somebody()],
): Promise<{ answers: [Answer, Answer]; statuses: [number, number] | null }> {
  const sent = [first, second].map(([member, method, path, body], index) =>
    world.members.ask(member, method, path, { token: people[index]!.token, ...(body !== undefined && { body }) }),
  );
  const answers = (await Promise.all(sent)) as [Answer, Answer];
  const [a, b] = answers.map(({ status }) => status) as [number, number];
  return { answers, statuses: a === 0 || b === 0 ? null : a <= b ? [a, b] : [b, a] };
}

/** Notes a pair of answers that is none of those which may be. */
export function expectOneOf(
  world: World,
  what: string,
  { answers, statuses }: { answers: readonly Answer[]; statuses: readonly [number, number] | null },
  ...allowed: readonly (readonly [number, number])[]
): void {
  if (statuses === null || allowed.some(([a, b]) => a === statuses[0] && b === statuses[1])) return;
  const said = answers.map(({ status, body }) => `${status} ${JSON.stringify(body).slice(0, 300)}`);
  world.faults.push(`${what}: answered ${said.join(' and ')}`);
}
