/** The rooms of the status by themselves: who sees what through which lens, what is read once for many, and links that are made, found and withdrawn. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changeHealthSettings } from '../../src/control/health-settings.ts';
import { createShare, looksPerMinuteMax, sharedPage, shareableBy, sharesOf, withdrawShare } from '../../src/control/status-shares.ts';
import { checkNow, countsOf, statusesOf, statusOf, statusOfOne, statusSummary } from '../../src/control/status.ts';
import { Refusal } from '../../src/domain/errors.ts';
import { newHealth, type Health, type HealthState } from '../../src/domain/health.ts';
import { changeUser } from '../../src/control/people/users.ts';
import { lettersOf } from '../../src/domain/status-strip.ts';
import { checkSteps, type HealthCheckRow } from '../../src/storage/health-history.ts';
import { healthSettingsOf } from '../../src/storage/health-settings.ts';
import { healthOfMany, healthSteps } from '../../src/storage/health.ts';
import { origin, type Resident } from '../support/house.ts';
import { openStatusHouse, type StatusHouse } from '../support/status-house.ts';
import { checkRow } from '../support/check-row.ts';

const minute = 60_000;
let scene: StatusHouse;
let deps: StatusHouse['house']['deps'];
beforeAll(async () => {
  scene = await openStatusHouse();
  deps = scene.house.deps;
});
afterAll(() => scene.close());

const actorOf = ({ id }: Resident) => deps.keeper.snapshot.actorOf(id, 'token')!;
const callerOf = (person: Resident) => ({ actor: actorOf(person), origin });
const refusalOf = async (run: Promise<unknown>): Promise<string> => {
  const error = await run.then(
    () => null,
    (found: unknown) => found,
  );
  expect(error).toBeInstanceOf(Refusal);
  return (error as Refusal).code;
};
/** What is summed up for everybody is kept for a few seconds. */
const later = (): void => scene.clock.move(6_000);

async function put(connectionId: string, state: HealthState, part: Partial<Health> = {}, model = ''): Promise<void> {
  const before = (await healthOfMany(deps.database, [connectionId])).find((row) => row.model === model) ?? null;
  const after: Health = { ...newHealth(scene.clock.nowMs()), state, ...part };
  await deps.database.driver.write(
    healthSteps(deps.database, [{ key: { connectionId, model }, before, after, incident: null }], scene.clock.nowMs()),
  );
}

const check = (connectionId: string, part: Partial<HealthCheckRow> = {}): HealthCheckRow =>
  checkRow({
    id: deps.ids.uuid(),
    atMs: scene.clock.nowMs(),
    connectionId,
    ...part,
  });

describe('what somebody sees', () => {
  test('is what they may use, and through the lens of a workspace none of another workspace', async () => {
    const { ana, eve, lab, mine, labs, everybodys } = scene;
    const seen = async (person: Resident, workspaceId?: string): Promise<string[]> =>
      (await statusOf(deps, actorOf(person), '24h', workspaceId)).connections.map(({ connection }) => connection.id).toSorted();
    expect(await seen(ana)).toEqual([mine, labs, everybodys].toSorted());
    expect(await seen(ana, lab)).toEqual([mine, labs, everybodys].toSorted());
    expect(await seen(ana, deps.ids.uuid())).toEqual([mine, everybodys].toSorted());
    expect(await seen(eve, lab)).toEqual([everybodys]);
  });

  test('stands in the order of the names', async () => {
    const names = (await statusOf(deps, actorOf(scene.ana), '24h')).connections.map(({ connection }) => connection.name);
    expect(names).toEqual(names.toSorted((a, b) => a.localeCompare(b)));
  });

  test('ends with the membership', async () => {
    const guest = await scene.house.createResident('Guest');
    const workspaceId = await scene.house.createWorkspace('Short', [[guest, 'READ']]);
    expect((await statusSummary(deps, actorOf(guest))).counts.unknown).toBe(1);
    expect(actorOf(guest).workspaces.has(workspaceId)).toBe(true);
    await changeUser(deps, callerOf(scene.admin), guest.id, { disabled: true });
    expect(deps.keeper.snapshot.actorOf(guest.id, 'token')).toBeUndefined();
  });

  test('is counted by state, and an inactive connection is paused whatever it was', async () => {
    await put(scene.labs, 'failing', { lastFault: 'server_error' });
    await put(scene.mine, 'slow');
    await put(scene.everybodys, 'quota', { sinceMs: scene.clock.nowMs() + 5, lastFault: 'quota_exhausted' });
    const { counts, ill } = await statusSummary(deps, actorOf(scene.ana));
    expect(counts).toEqual({ healthy: 0, slow: 1, failing: 1, quota: 1, auth: 0, unknown: 0, paused: 0 });
    // The newest first.
    expect(ill.map(({ connection }) => connection.id)).toEqual([scene.everybodys, scene.labs]);
    const [one] = (await statusOf(deps, actorOf(scene.ana), '24h')).connections;
    expect(countsOf([{ connection: { ...one!.connection, isActive: false }, state: 'failing' }]).paused).toBe(1);
  });
});

describe('models', () => {
  test('that are ill are told while their connection is not, and only while it is news', async () => {
    await put(scene.mine, 'healthy');
    await put(scene.mine, 'failing', { lastFault: 'model_not_found' }, 'gone-model');
    await put(scene.mine, 'healthy', {}, 'good-model');
    const modelsOf = async (): Promise<string[]> => {
      const { statuses } = await statusesOf(deps, [deps.keeper.snapshot.connections.get(scene.mine)!], '24h');
      return statuses[0]!.models.map(({ model }) => model);
    };
    expect(await modelsOf()).toEqual(['gone-model']);
    await put(scene.mine, 'failing', { lastFault: 'dns' });
    expect(await modelsOf()).toEqual([]);
    await put(scene.mine, 'healthy');
    scene.clock.move(61 * minute);
    expect(await modelsOf()).toEqual([]);
  });
});

describe('times', () => {
  const statusOfMine = async () => (await statusesOf(deps, [deps.keeper.snapshot.connections.get(scene.mine)!], '24h')).statuses[0]!;

  test('the next check follows the last one by the interval, and is never in the past', async () => {
    const nowMs = scene.clock.nowMs();
    await put(scene.mine, 'healthy', { lastCheckedAtMs: nowMs });
    expect((await statusOfMine()).nextCheckAtMs).toBe(nowMs + minute);
    scene.clock.move(90_000);
    const late = await statusOfMine();
    expect(late.nextCheckAtMs).toBeGreaterThanOrEqual(nowMs + 90_000);
    expect(late.isStale).toBe(false);
    scene.clock.move(60_000);
    expect((await statusOfMine()).isStale).toBe(true);
  });

  test('a connection that is never checked is never stale, and has no next check', async () => {
    const id = await scene.connect(scene.ana, 'Unchecked', { configuration: { health: { everySeconds: 0 } } });
    await put(id, 'healthy', { lastCheckedAtMs: scene.clock.nowMs() - 3_600_000 });
    const { statuses } = await statusesOf(deps, [deps.keeper.snapshot.connections.get(id)!], '24h');
    expect(statuses[0]).toMatchObject({ nextCheckAtMs: null, isStale: false, plan: { everyS: 0 } });
  });
});

describe('sums', () => {
  test('of all connections are read once for everybody who looks within a few seconds', async () => {
    later();
    // The few seconds are those of the test, and not of a machine that is busy.
    const goOn = scene.clock.hold();
    const stripOfLab = async (): Promise<string> =>
      lettersOf(
        (await statusOf(deps, actorOf(scene.reader), '24h')).connections.find(({ connection }) => connection.id === scene.labs)!.buckets,
      );
    expect(await stripOfLab()).not.toContain('u');
    await deps.database.driver.write(checkSteps([check(scene.labs)]));
    expect(await stripOfLab()).not.toContain('u');
    later();
    expect(await stripOfLab()).toContain('u');
    goOn();
  });

  test('of one connection are read whenever somebody looks at it', async () => {
    const before = await statusOfOne(deps, callerOf(scene.reader), scene.labs, '24h');
    await deps.database.driver.write(checkSteps([check(scene.labs, { latencyMs: 900 })]));
    const after = await statusOfOne(deps, callerOf(scene.reader), scene.labs, '24h');
    const checksOf = ({ status }: typeof before): number => status.buckets.reduce((all, { checks }) => all + checks, 0);
    expect(checksOf(after)).toBe(checksOf(before) + 1);
    expect(after.checks).toHaveLength(before.checks.length + 1);
    expect(await refusalOf(statusOfOne(deps, callerOf(scene.eve), scene.labs, '24h'))).toBe('FORBIDDEN');
    expect(await refusalOf(statusOfOne(deps, callerOf(scene.eve), scene.mine, '24h'))).toBe('NOT_FOUND');
    expect(await refusalOf(statusOfOne(deps, callerOf(scene.eve), 'no id', '24h'))).toBe('NOT_FOUND');
  });
});

describe('a check at once', () => {
  test('tells what it found and what became of the connection', async () => {
    const id = await scene.connect(scene.ana, 'Asked now');
    const { check: made, status } = await checkNow(deps, callerOf(scene.ana), id);
    expect(made).toMatchObject({ outcome: 'ok', kind: 'models', fault: null });
    expect(status).toMatchObject({ state: 'healthy' });
    await scene.provider.become('patience');
    expect((await checkNow(deps, callerOf(scene.ana), id)).check).toMatchObject({ outcome: 'skipped', fault: 'rate_limited', status: 429 });
    await scene.provider.become('dead');
    expect((await checkNow(deps, callerOf(scene.ana), id)).check).toMatchObject({ outcome: 'failed', fault: 'unreachable', status: null });
    await scene.provider.become('alive');
  });

  test('is for those who may use the connection', async () => {
    expect(await refusalOf(checkNow(deps, callerOf(scene.eve), scene.mine))).toBe('NOT_FOUND');
    expect(await refusalOf(checkNow(deps, callerOf(scene.eve), scene.labs))).toBe('FORBIDDEN');
  });
});

describe('settings', () => {
  test('are changed in part, with an entry that says what', async () => {
    const before = await healthSettingsOf(deps.database);
    const after = await changeHealthSettings(deps, callerOf(scene.admin), { everyS: 120 });
    expect(after).toMatchObject({ everyS: 120, way: before.way });
    expect(after.revision).toBeGreaterThan(before.revision);
    expect(deps.keeper.snapshot.healthSettings).toMatchObject({ everyS: 120 });
    const [entry] = await deps.database.db
      .selectFrom('audit_entries')
      .selectAll()
      .where('action', '=', 'health-settings.update')
      .orderBy('at', 'desc')
      .execute();
    expect(JSON.parse(entry!.changes!)).toEqual({ everyS: { before: before.everyS, after: 120 } });
  });

  test('that were changed meanwhile are told to whoever comes second', async () => {
    const { revision } = await healthSettingsOf(deps.database);
    const expected = { revision, show: (row: unknown) => row };
    await changeHealthSettings(deps, callerOf(scene.admin), { way: 'completion' }, expected);
    expect(await refusalOf(changeHealthSettings(deps, callerOf(scene.admin), { everyS: 30 }, expected))).toBe('CONFLICT');
    // Without a word of what it was made from, whoever writes last wins.
    const writes = await Promise.all([30, 40].map((everyS) => changeHealthSettings(deps, callerOf(scene.admin), { everyS })));
    expect(writes.map(({ everyS }) => everyS)).toEqual([30, 40]);
    await changeHealthSettings(deps, callerOf(scene.admin), { everyS: 60, way: 'models' });
  });
});

describe('links', () => {
  const make = (person: Resident, workspaceId: string | null, days: number | null = null) =>
    createShare(deps, callerOf(person), { name: 'Wall', workspaceId, days });
  const look = (token: string, address = '203.0.113.9') => sharedPage(deps, address, token);

  test('are made by administrators, and by ADMINs of a workspace for theirs', async () => {
    expect(await refusalOf(make(scene.reader, scene.lab))).toBe('FORBIDDEN');
    expect(await refusalOf(make(scene.eve, null))).toBe('FORBIDDEN');
    expect(await refusalOf(make(scene.admin, deps.ids.uuid()))).toBe('NOT_FOUND');
    expect(await refusalOf(make(scene.admin, 'no id'))).toBe('NOT_FOUND');
    expect((await make(scene.ana, scene.lab)).share).toMatchObject({ workspaceId: scene.lab, createdBy: scene.ana.id });
    expect(await shareableBy(deps, actorOf(scene.reader))).toEqual({ organization: false, workspaces: [] });
    expect((await shareableBy(deps, actorOf(scene.admin))).organization).toBe(true);
  });

  test('show the connections of their owner, and nobody’s own', async () => {
    const namesOf = async (token: string): Promise<string[]> => (await look(token)).statuses.map(({ connection }) => connection.name);
    expect(await namesOf((await make(scene.ana, scene.lab)).token)).toEqual(['Lab model']);
    expect(await namesOf((await make(scene.admin, null)).token)).toEqual(['Everybody']);
  });

  test('have tokens that differ, and open nothing when a letter is wrong', async () => {
    const [one, other] = [await make(scene.ana, scene.lab), await make(scene.ana, scene.lab)];
    expect(one.token).not.toBe(other.token);
    const wrong = `${one.token.startsWith('A') ? 'B' : 'A'}${one.token.slice(1)}`;
    expect(await refusalOf(look(wrong))).toBe('NOT_FOUND');
    expect(await refusalOf(look(''))).toBe('NOT_FOUND');
    expect(await refusalOf(look(one.share.id))).toBe('NOT_FOUND');
  });

  test('are withdrawn by whoever may see them, once', async () => {
    const { share, token } = await make(scene.admin, scene.lab);
    expect((await sharesOf(deps, actorOf(scene.ana))).map(({ id }) => id)).toContain(share.id);
    expect(await refusalOf(withdrawShare(deps, callerOf(scene.reader), share.id))).toBe('NOT_FOUND');
    await withdrawShare(deps, callerOf(scene.ana), share.id);
    expect(await refusalOf(withdrawShare(deps, callerOf(scene.ana), share.id))).toBe('NOT_FOUND');
    expect(await refusalOf(look(token))).toBe('NOT_FOUND');
    expect((await sharesOf(deps, actorOf(scene.ana))).map(({ id }) => id)).not.toContain(share.id);
  });

  test('are told to administrators when they are made, so that an open list shows them', async () => {
    const heard: string[] = [];
    const stop = deps.events.subscribe(
      ({ name, data }) => {
        if (name === 'config.changed' && 'topic' in data) heard.push(data.topic);
      },
      () => undefined,
    );
    await make(scene.ana, scene.lab);
    stop();
    expect(heard).toContain('health');
  });

  test('are looked at so often from one network, and as often again from another', async () => {
    const { token } = await make(scene.ana, scene.lab);
    const address = '198.51.100.7';
    for (let count = 0; count < looksPerMinuteMax; count++) await look(token, address);
    expect(await refusalOf(look(token, address))).toBe('RATE_LIMITED');
    // A guess counts as a look does.
    expect(await refusalOf(look('guess', address))).toBe('RATE_LIMITED');
    expect((await look(token, '198.51.100.8')).title).toBe('Lab');
    scene.clock.move(61_000);
    expect((await look(token, address)).title).toBe('Lab');
  });
});
