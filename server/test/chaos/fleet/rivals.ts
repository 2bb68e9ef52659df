/** The same thing from two instances at the same moment, for every kind of thing: exactly one may win, and the loser is told. */
import { idOf, layGround, type Kind } from './kinds.ts';
import type { Answer, Member } from './members.ts';
import { adminToken } from '../instance.ts';
import { both, data, expectOneOf, made, untilHeard, untilSaid, type Person, type World } from './world.ts';

type Rivalry = (world: World, kind: Kind, one: Member, other: Member) => Promise<void>;

/** Made by one, and known to the other: where that one looks things up from memory, it must have heard. */
async function shared(world: World, kind: Kind, one: Member, other: Member): Promise<{ path: string; revision: unknown }> {
  const answer = await made(world, one, 'POST', kind.path, kind.make(world, await layGround(world, one)));
  const key = data(answer)['key'];
  if (typeof key === 'string') world.listener.keepOut(key);
  const path = `${kind.path}/${idOf(answer)}`;
  await untilHeard(world, one, other);
  return { path, revision: data(answer)['revision'] };
}

/** How it stands now; null where it is not to be had. */
async function seen(world: World, kind: Kind, member: Member, path: string): Promise<Record<string, unknown> | null> {
  const answer = await world.members.ask(member, 'GET', kind.isListedOnly ? kind.path : path, { token: adminToken });
  if (answer.status !== 200) return null;
  if (!kind.isListedOnly) return data(answer);
  const list = answer.body['data'] as Record<string, unknown>[];
  return list.find(({ id }) => path.endsWith(`/${String(id)}`)) ?? null;
}

const holds = (row: Readonly<Record<string, unknown>> | null, change: Readonly<Record<string, unknown>>): boolean =>
  row !== null && Object.entries(change).every(([name, value]) => JSON.stringify(row[name]) === JSON.stringify(value));

/** Both begin with what the other began with: one is told that it has changed since. */
const sameState: Rivalry = async (world, kind, one, other) => {
  const { path, revision } = await shared(world, kind, one, other);
  const changes = kind.changes(world);
  const [first, second] = changes.map((change) => ({ ...kind.whole, ...change, revision }));
  const met = await both(world, [one, kind.method, path, first], [other, kind.method, path, second], by(world, kind));
  expectOneOf(world, `${kind.name}: two changes of one state`, met, [200, 409]);
  if (met.statuses?.[0] !== 200 || met.statuses[1] !== 409) return;
  const won = changes[met.answers[0].status === 200 ? 0 : 1];
  const lost = changes[met.answers[0].status === 200 ? 1 : 0];
  for (const member of [one, other])
    await untilSaid(world, member, `${kind.name}: ${JSON.stringify(won)}, which was answered with 200`, async () => {
      const row = await seen(world, kind, member, path);
      return holds(row, won) && !holds(row, lost);
    });
};

/** Neither says what it began with: both may be done, and then both are there. */
const blindly: Rivalry = async (world, kind, one, other) => {
  const { path } = await shared(world, kind, one, other);
  const changes = kind.changes(world);
  const [first, second] = changes.map((change) => ({ ...kind.whole, ...change }));
  const met = await both(world, [one, kind.method, path, first], [other, kind.method, path, second], by(world, kind));
  expectOneOf(world, `${kind.name}: two changes at once`, met, [200, 200], [200, 409]);
  // Whoever gives the whole of it writes the whole of it.
  const isTwoFields = !kind.whole && Object.keys(changes[0])[0] !== Object.keys(changes[1])[0];
  if (met.statuses?.[1] !== 200 || !isTwoFields) return;
  for (const member of [one, other])
    await untilSaid(world, member, `${kind.name}: two changes of different fields, both answered with 200`, async () => {
      const row = await seen(world, kind, member, path);
      return holds(row, changes[0]) && holds(row, changes[1]);
    });
};

/** Who does it. */
const by = (world: World, kind: Kind): [Person, Person] =>
  kind.isPersonal ? [world.people[0]!, world.people[0]!] : [world.somebody(), world.somebody()];

const isGone = async (world: World, kind: Kind, member: Member, path: string): Promise<boolean> => {
  const row = await seen(world, kind, member, path);
  return row === null || (kind.isKept === true && (row['revokedAt'] ?? row['deletedAt'] ?? null) !== null);
};

/** Two take it away: it is gone once. */
const bothRemove: Rivalry = async (world, kind, one, other) => {
  const { path } = await shared(world, kind, one, other);
  const met = await both(world, [one, 'DELETE', path], [other, 'DELETE', path], by(world, kind));
  expectOneOf(world, `${kind.name}: taken away twice`, met, [200, 404], ...(kind.isKept ? [[200, 200] as const] : []));
  if (met.statuses !== null)
    for (const member of [one, other]) await untilSaid(world, member, `${kind.name}: gone`, () => isGone(world, kind, member, path));
};

/** One changes what the other takes away: it is gone, whoever came first. */
const changeAndRemove: Rivalry = async (world, kind, one, other) => {
  const { path } = await shared(world, kind, one, other);
  const met = await both(
    world,
    [one, kind.method, path, { ...kind.whole, ...kind.changes(world)[0] }],
    [other, 'DELETE', path],
    by(world, kind),
  );
  const [changed, removed] = met.answers;
  expectOneOf(world, `${kind.name}: changed and taken away`, met, [200, 200], [200, 404], [200, 409]);
  if (changed.status === 409 && removed.status !== 200) return;
  if (met.statuses !== null && removed.status === 200)
    for (const member of [one, other])
      await untilSaid(world, member, `${kind.name}: gone after a change`, () => isGone(world, kind, member, path));
};

/** Two make the same: there is one. */
const twins: Rivalry = async (world, kind, one, other) => {
  const ground = await layGround(world, one);
  const body = kind.make(world, ground);
  await untilHeard(world, one, other);
  const [person] = kind.isPersonal ? by(world, kind) : [world.somebody()];
  const met = await both(world, [one, 'POST', kind.path, body], [other, 'POST', kind.path, body], [person, person]);
  expectOneOf(
    world,
    `${kind.name}: made twice`,
    met,
    kind.takenStatus === undefined ? [kind.madeStatus, 409] : [kind.madeStatus, kind.takenStatus],
  );
  const winner = met.answers.find(({ status }: Answer) => status === kind.madeStatus);
  if (winner) await world.members.ask(one, 'DELETE', `${kind.path}/${idOf(winner)}`, { token: person.token });
};

export const rivalries: readonly (readonly [name: string, run: Rivalry, fits: (kind: Kind) => boolean])[] = [
  ['two changes of one state', sameState, () => true],
  ['two changes at once', blindly, () => true],
  ['taken away twice', bothRemove, () => true],
  ['changed and taken away', changeAndRemove, () => true],
  ['made twice', twins, ({ isAlone }) => isAlone],
];
