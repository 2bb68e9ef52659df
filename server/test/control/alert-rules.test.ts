/** Alert rules below the faces: the bounds of every kind, what a rule may name, and two people at one rule. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changeRule, createRule, deleteRule, draftRule, listRules, muteRule, ruleFor, shownValue } from '../../src/control/alert-rules.ts';
import { createChannel } from '../../src/control/alert-channels.ts';
import { alertKinds, kindTable, windowMaxS, type AlertKind, type AlertRule } from '../../src/domain/alert.ts';
import type { Owner } from '../../src/domain/owner.ts';
import { insertRule, rulesMax } from '../../src/storage/alert-rules.ts';
import { deleteConnection } from '../../src/control/connections.ts';
import { commit } from '../../src/control/change.ts';
import { listRevisions } from '../../src/storage/object-revisions.ts';
import { interrupted, nowhere, openRoomsHouse, refusalOf, type RoomsHouse } from '../support/rooms-house.ts';

let place: RoomsHouse;
beforeAll(async () => {
  place = await openRoomsHouse();
});
afterAll(() => place.house.close());

const deps = () => place.house.deps;
type Input = Parameters<typeof createRule>[2];
const ofTeam = (kind: AlertKind, more: Partial<Input> = {}): Input => ({
  scope: 'workspace',
  workspaceId: place.workspace.id,
  kind,
  ...more,
});
const ofHouse = (kind: AlertKind, more: Partial<Input> = {}): Input => ({ scope: 'organization', kind, ...more });
const draft = (kind: AlertKind, more: Partial<Input>): Promise<AlertRule> => draftRule(deps(), place.admin, ofHouse(kind, more));
const make = (more: Partial<Input> = {}): Promise<AlertRule> => createRule(deps(), place.head, ofTeam('error-rate', more));
const current = (id: string): Promise<AlertRule> => ruleFor(deps(), place.head, id, 'see', 'alert_rule.read');

describe('a rule of each kind', () => {
  test.each(alertKinds)('%s begins with the kind’s own, and null brings it back', async (kind) => {
    const { value, windowS, window, hasPeriod } = kindTable[kind];
    const own = { ...(value !== null && { value }), ...(window !== null && { windowS }), ...(hasPeriod && { period: 'day' }) };
    expect((await draft(kind, {})).threshold).toEqual(own);
    expect((await draft(kind, { value: null, windowS: null, period: null })).threshold).toEqual(own);
  });

  const measured = alertKinds.filter((kind) => kindTable[kind].unit !== null);
  test.each(measured)('%s takes the ends of its range and nothing beyond them', async (kind) => {
    const { min, max, unit } = kindTable[kind];
    for (const edge of [min, max]) expect((await draft(kind, { value: shownValue(kind, edge) })).threshold.value).toBe(edge);
    const beyond = unit === 'nanoUsd' ? ['0', '9007199.254740992', '-1'] : [min - 1, max + 1, String(max + 1)];
    for (const value of [...beyond, '', 'many', Number.NaN])
      expect(await refusalOf(draft(kind, { value }))).toEqual(['VALIDATION_ERROR', 'value out_of_range']);
  });

  test.each(alertKinds)('%s takes no threshold, time or period that the kind has not', async (kind) => {
    const { unit, window, hasPeriod } = kindTable[kind];
    const foreign = [...(unit === null ? ['value'] : []), ...(window === null ? ['windowS'] : []), ...(hasPeriod ? [] : ['period'])];
    const given = {
      ...(unit === null && { value: 1 }),
      ...(window === null && { windowS: 60 }),
      ...(!hasPeriod && { period: 'day' as const }),
    };
    const faults = foreign.map((path) => `${path} not_of_this_kind`);
    expect(await refusalOf(draft(kind, given))).toEqual(faults.length === 0 ? null : ['VALIDATION_ERROR', ...faults]);
  });

  test.each([
    ['error-rate', 60, true],
    ['error-rate', 59, false],
    ['error-rate', windowMaxS, true],
    ['error-rate', windowMaxS + 1, false],
    ['connection-failing', 0, true],
    ['connection-failing', windowMaxS, true],
    ['connection-failing', windowMaxS + 1, false],
  ] as const)('%s over %i seconds: %s', async (kind, windowS, isTaken) => {
    expect(await refusalOf(draft(kind, { windowS }))).toEqual(isTaken ? null : ['VALIDATION_ERROR', 'windowS out_of_range']);
  });

  const installations = alertKinds.filter((kind) => kindTable[kind].isOrganizations);
  test.each(installations)('%s is told to the installation alone', async (kind) => {
    expect(await refusalOf(draft(kind, {}))).toBe(null);
    const mine = draftRule(deps(), place.admin, { scope: 'user', kind });
    expect(await refusalOf(mine)).toEqual(['VALIDATION_ERROR', 'scope organization_only']);
    expect(await refusalOf(draftRule(deps(), place.head, ofTeam(kind)))).toEqual(['VALIDATION_ERROR', 'scope organization_only']);
  });

  test('every fault is told at once, at its field', async () => {
    const wrong = draft('budget', { value: 101, windowS: 60, period: 'day', connectionId: nowhere, channelIds: [nowhere] });
    expect(await refusalOf(wrong)).toEqual([
      'VALIDATION_ERROR',
      'value out_of_range',
      'windowS not_of_this_kind',
      'period not_of_this_kind',
      'connectionId not_of_this_kind',
      'channelIds.0 unknown_channel',
    ]);
  });
});

describe('what a rule names', () => {
  test('a connection of its owner, or of the organization; another owner’s is elsewhere', async () => {
    const [own, shared, mine] = [
      await place.connectionOf(place.workspace, place.head),
      await place.connectionOf(place.organization, place.admin),
      await place.connectionOf(place.ownOf(place.head), place.head),
    ];
    for (const connectionId of [own, shared]) expect((await make({ connectionId })).connectionId).toBe(connectionId);
    expect(await refusalOf(make({ connectionId: mine }))).toEqual(['VALIDATION_ERROR', 'connectionId elsewhere']);
    const personal = (connectionId: string) => createRule(deps(), place.head, { scope: 'user', kind: 'latency', connectionId });
    expect((await personal(mine)).owner).toEqual(place.ownOf(place.head));
    expect(await refusalOf(personal(own))).toEqual(['VALIDATION_ERROR', 'connectionId elsewhere']);
  });

  test('a stranger’s connection is not there, not even for an administrator, and the attempt is noted', async () => {
    const id = await place.connectionOf(place.ownOf(place.outsider), place.outsider);
    expect(await refusalOf(make({ connectionId: id }))).toEqual(['NOT_FOUND']);
    expect(await refusalOf(draft('latency', { connectionId: id }))).toEqual(['NOT_FOUND']);
    expect(await place.auditOf('alert_rule.connection', id)).toEqual([
      ['refused', 'NOT_FOUND', place.head.actor.userId],
      ['refused', 'NOT_FOUND', place.admin.actor.userId],
    ]);
  });

  test('channels of its owner; the first, the second and the missing one are each named', async () => {
    const channelOf = async (scope: Owner['scope'], by = place.head): Promise<string> => {
      const input = { scope, workspaceId: place.workspace.id, kind: 'email', name: 'Mail', recipients: ['a@example.org'] } as const;
      return (await createChannel(deps(), by, input)).channel.id;
    };
    const [team, mine, house] = [await channelOf('workspace'), await channelOf('user'), await channelOf('organization', place.admin)];
    expect((await make({ channelIds: [team] })).channelIds).toEqual([team]);
    expect(await refusalOf(make({ channelIds: [mine, team, house, nowhere] }))).toEqual([
      'VALIDATION_ERROR',
      ...[0, 2, 3].map((at) => `channelIds.${at} unknown_channel`),
    ]);
  });

  test('a connection that has gone since does not stand in the way of another change', async () => {
    const connectionId = await place.connectionOf(place.workspace, place.head);
    const { id } = await make({ connectionId });
    await deleteConnection(deps(), place.head, connectionId, { isForced: true });
    expect(await changeRule(deps(), place.head, id, { name: 'Still' })).toMatchObject({ name: 'Still' });
    expect(await refusalOf(changeRule(deps(), place.head, id, { connectionId }))).toEqual(['NOT_FOUND']);
  });

  test(`one owner has at most ${rulesMax}, and another owner is not held back by that`, async () => {
    const mine = (): Promise<AlertRule> => createRule(deps(), place.outsider, { scope: 'user', kind: 'budget' });
    const first = await mine();
    const more = Array.from({ length: rulesMax - 2 }, () => insertRule(deps().database, { ...first, id: deps().ids.uuid() }));
    await commit(deps(), place.outsider, more, { action: 'test', subjectType: 'test', subjectId: null, subjectName: null, owner: null });
    const last = await mine();
    expect(await refusalOf(mine())).toEqual(['VALIDATION_ERROR', 'kind too_many']);
    expect(await refusalOf(make())).toBe(null);
    await deleteRule(deps(), place.outsider, last.id);
    expect(await refusalOf(mine())).toBe(null);
  });
});

describe('a change', () => {
  test('and somebody else’s at the same moment both stand', async () => {
    const { id } = await make({ name: 'Old', value: 30 });
    const faster = interrupted(deps(), () => changeRule(deps(), place.admin, id, { value: 55 }));
    await changeRule(faster, place.head, id, { name: 'New' });
    expect(await current(id)).toMatchObject({ name: 'New', threshold: { value: 55, windowS: 300 } });
  });

  test('that says what it was made from is refused instead, with what the rule has become', async () => {
    const { id, revision } = await make();
    const expected = { revision, show: ({ name }: AlertRule) => name };
    const faster = interrupted(deps(), () => changeRule(deps(), place.admin, id, { name: 'First' }));
    await expect(changeRule(faster, place.head, id, { name: 'Second' }, expected)).rejects.toMatchObject({
      code: 'CONFLICT',
      details: { current: 'First', changedBy: { id: place.admin.actor.userId } },
    });
    expect((await current(id)).name).toBe('First');
  });

  test('that is overtaken again and again gives up, and leaves what the others wrote', async () => {
    const { id } = await make({ value: 20 });
    let value = 30;
    const busy = interrupted(deps(), () => changeRule(deps(), place.admin, id, { value: (value += 1) }), 100);
    expect(await refusalOf(changeRule(busy, place.head, id, { name: 'Never' }))).toEqual(['STALE']);
    expect(await current(id)).toMatchObject({ name: null, threshold: { value } });
  });

  test('of a rule that is deleted meanwhile finds none, and a second deletion neither', async () => {
    const [one, two] = [await make(), await make()];
    const gone = (id: string) => interrupted(deps(), () => deleteRule(deps(), place.admin, id));
    expect(await refusalOf(changeRule(gone(one.id), place.head, one.id, { name: 'Late' }))).toEqual(['NOT_FOUND']);
    expect(await refusalOf(deleteRule(gone(two.id), place.head, two.id))).toEqual(['NOT_FOUND']);
    expect(await place.auditOf('alert_rule.delete', two.id)).toEqual([['success', null, place.admin.actor.userId]]);
    expect(listRules(deps(), place.head.actor).map(({ id }) => id)).not.toContain(one.id);
  });

  test('is kept as a state of the rule: made, changed and gone', async () => {
    const { id } = await make({ name: 'One' });
    await changeRule(deps(), place.head, id, { name: 'Two' });
    await deleteRule(deps(), place.head, id);
    const states = (await listRevisions(deps().database, 'alert_rule', id)).map(({ state }) => state?.['name'] ?? null);
    expect(states).toEqual([null, 'Two', 'One']);
  });

  test('that somebody may not make is noted with its refusal, and changes nothing', async () => {
    const { id } = await make({ name: 'Kept' });
    expect(await refusalOf(changeRule(deps(), place.reader, id, { name: 'Mine' }))).toEqual(['FORBIDDEN']);
    expect(await refusalOf(changeRule(deps(), place.outsider, id, { name: 'Mine' }))).toEqual(['FORBIDDEN']);
    expect(await refusalOf(deleteRule(deps(), place.reader, id))).toEqual(['FORBIDDEN']);
    expect((await place.auditOf('alert_rule.update', id)).map(([outcome, code]) => [outcome, code])).toEqual([
      ['refused', 'FORBIDDEN'],
      ['refused', 'FORBIDDEN'],
    ]);
    expect((await current(id)).name).toBe('Kept');
  });
});

test('a mute ends within 31 days and not before it begins, to the millisecond', async () => {
  const { id } = await make();
  const nowMs = deps().clock.nowMs();
  const still = { ...deps(), clock: { ...deps().clock, nowMs: () => nowMs } };
  const monthMs = 31 * 86_400_000;
  for (const untilMs of [nowMs, nowMs - 1, nowMs + monthMs + 1])
    expect(await refusalOf((async () => muteRule(still, place.head, id, untilMs))())).toEqual(['VALIDATION_ERROR', 'until out_of_range']);
  for (const untilMs of [nowMs + 1, nowMs + monthMs, null])
    expect((await muteRule(still, place.head, id, untilMs)).mutedUntilMs).toBe(untilMs);
});
