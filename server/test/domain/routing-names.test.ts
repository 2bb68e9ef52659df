/** What `model` may name besides connections: routing groups, whose targets the caller may use, and the backups of what was named. */
import { describe, expect, test } from 'vitest';
import { ConnectionIndex } from '../../src/domain/connection-index.ts';
import type { Connection } from '../../src/domain/connection.ts';
import type { Owner } from '../../src/domain/owner.ts';
import { resolveModel, type ResolveInput, type Resolution } from '../../src/domain/resolve.ts';
import { groupDefaults, type RoutingGroup } from '../../src/domain/routing-group.ts';
import { RoutingTable } from '../../src/domain/routing-table.ts';
import { placesAt } from '../gateway/routing-configurations.ts';

const own: Owner = { scope: 'user', id: 'ada' };
const organization: Owner = { scope: 'organization', id: 'house' };
const owners = [own, organization];

const [one, two, three] = placesAt('http://127.0.0.1:9/v1', organization, 'ada') as [Connection, Connection, Connection];
const mine: Connection = { ...one, id: 'mine', name: 'Mine', owner: own, model: null };
const foreign: Connection = { ...one, id: 'foreign', name: 'Foreign', owner: { scope: 'user', id: 'ben' } };
const all = [one, two, three, mine, foreign];

const groupOf = (part: Partial<RoutingGroup> & Pick<RoutingGroup, 'targets'>): RoutingGroup => ({
  id: 'g',
  owner: organization,
  name: 'Everyone',
  strategy: 'ordered',
  options: groupDefaults,
  isActive: true,
  createdBy: 'ada',
  createdAtMs: 0,
  updatedAtMs: 0,
  revision: 1,
  ...part,
});
const target = (connectionId: string, part: object = {}) => ({
  connectionId,
  model: null,
  weight: 1,
  isEnabled: true,
  region: null,
  ...part,
});

function resolve(asked: string | null, part: Partial<ResolveInput> = {}, connections: readonly Connection[] = all): Resolution {
  return resolveModel({
    asked,
    pinnedId: null,
    owners,
    indexOf: (owner) => new ConnectionIndex(connections.filter((each) => each.owner.id === owner.id)),
    byId: (id) => connections.find((each) => each.id === id),
    listing: () => [],
    hasList: () => false,
    suggesting: () => [],
    environment: null,
    ...part,
  });
}

const named = (resolution: Resolution): string[] | string => {
  if (resolution.kind === 'refused') return resolution.code;
  if (resolution.kind === 'environment') return 'environment';
  const found = resolution.kind === 'group' ? resolution.members : resolution.candidates;
  return found.map(({ connection, model }) => `${connection.name} > ${model}`);
};

describe('a routing group', () => {
  const table = (...groups: RoutingGroup[]) => {
    const made = new RoutingTable();
    for (const group of groups) made.put(group.id, group);
    return (name: string) => made.named(owners, name);
  };

  test('goes before a connection and a model of the same name, in any case', () => {
    const groupNamed = table(groupOf({ name: 'GPT-4o', targets: [target(two.id, { model: 'other' })] }));
    expect(named(resolve('gpt-4o', { groupNamed }))).toEqual([`${two.name} > other`]);
    expect(named(resolve('gpt-4o'))).toEqual([`${one.name} > gpt-4o`]);
  });

  test("the nearest owner's is meant where two have the name", () => {
    const groupNamed = table(
      groupOf({ id: 'a', name: 'same', targets: [target(one.id)] }),
      groupOf({ id: 'b', name: 'Same', owner: own, targets: [target(two.id)] }),
    );
    expect(named(resolve('same', { groupNamed }))).toEqual([`${two.name} > ${two.model}`]);
  });

  test('has the targets that are on, there, with a model, and the caller’s to use, in its own order', () => {
    const off = { ...two, id: 'off', isActive: false };
    const heard: string[] = [];
    const targets = [
      target(three.id),
      target(foreign.id),
      target('gone'),
      target(mine.id),
      target(mine.id, { model: 'm' }),
      target(off.id),
      target(one.id, { isEnabled: false }),
      target(one.id, { model: 'x' }),
    ];
    const inactive = (connection: Connection): void => void heard.push(connection.id);
    const resolution = resolve('everyone', { groupNamed: table(groupOf({ targets })), inactive }, [...all, off]);
    expect(named(resolution)).toEqual([`${three.name} > ${three.model}`, 'Mine > m', `${one.name} > x`]);
    expect(heard).toEqual(['off']);
  });

  test('reaches for a key of a repository what is attached there, and nothing else', () => {
    const groupNamed = table(groupOf({ targets: [target(one.id), target(two.id)] }));
    const attached = new ConnectionIndex([two], 'as given');
    expect(named(resolve('everyone', { groupNamed, attached }))).toEqual([`${two.name} > ${two.model}`]);
  });

  test('that is off, or has nobody left, is refused as what is inactive', () => {
    expect(named(resolve('everyone', { groupNamed: table(groupOf({ isActive: false, targets: [target(one.id)] })) }))).toBe(
      'connection_inactive',
    );
    expect(named(resolve('everyone', { groupNamed: table(groupOf({ targets: [] })) }))).toBe('connection_inactive');
  });

  test('a renamed one answers to its new name alone, a deleted one to none', () => {
    const made = new RoutingTable();
    const group = groupOf({ targets: [target(one.id)] });
    made.put(group.id, group);
    made.put(group.id, { ...group, name: 'Other' });
    expect([made.named(owners, 'everyone'), made.named(owners, 'OTHER')?.id, made.size]).toEqual([undefined, 'g', 1]);
    made.put(group.id, null);
    expect([made.named(owners, 'other'), made.size, [...made.of(organization)]]).toEqual([undefined, 0, []]);
  });
});

describe('backups (R-054)', () => {
  const backed = (backups: unknown): Connection[] => [{ ...one, settings: { backups } }, two, three, mine, foreign];
  const other = { ...three, providerId: 'anthropic' };

  test('follow their connection in order: the same model at the same provider, their own elsewhere, or the one that is named', () => {
    const backups = [{ connectionId: two.id }, { connectionId: other.id }, { connectionId: two.id, model: 'named' }];
    const connections = [{ ...one, settings: { backups } }, two, other];
    expect(named(resolve(`${one.name}/gpt-4o`, {}, connections))).toEqual([
      `${one.name} > gpt-4o`,
      `${two.name} > gpt-4o`,
      `${other.name} > ${other.model}`,
      `${two.name} > named`,
    ]);
  });

  test('that are gone, foreign or off are passed over, and nobody stands there twice', () => {
    const connections = backed([
      { connectionId: 'gone' },
      { connectionId: foreign.id },
      { connectionId: one.id },
      { connectionId: two.id },
    ]);
    expect(named(resolve('gpt-4o', {}, connections))).toEqual([`${one.name} > gpt-4o`, `${two.name} > gpt-4o`]);
  });

  test('stand in for what a key may use and no other, and never for a pinned connection', () => {
    const connections = backed([{ connectionId: two.id, model: 'secret' }, { connectionId: two.id }]);
    expect(named(resolve('gpt-4o', { mayStandIn: (_, model) => model === 'gpt-4o' }, connections))).toEqual([
      `${one.name} > gpt-4o`,
      `${two.name} > gpt-4o`,
    ]);
    expect(named(resolve('gpt-4o', { pinnedId: one.id }, connections))).toEqual([`${one.name} > gpt-4o`]);
  });

  test('a connection without any is handed on as it was, at no cost', () => {
    const resolution = resolve(`${one.name}/gpt-4o`);
    expect(resolution).toEqual({ kind: 'candidates', candidates: [{ connection: one, model: 'gpt-4o' }] });
  });
});
