/** What a snapshot hears of repositories, groups, use cases, policies, limits and settings: each commit once, whole, and in any order. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LimitSettings } from '../../src/storage/limits.ts';
import { Snapshot, type SnapshotDelta } from '../../src/domain/snapshot.ts';
import { aiSettingsOf, putAiSettings } from '../../src/storage/ai-settings.ts';
import { currentRevision, deleteSteps } from '../../src/storage/connections.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { StaleWrite, UniqueViolation } from '../../src/storage/errors.ts';
import { limitSettingsOf, putLimitSettings } from '../../src/storage/limits.ts';
import { endPoliciesOf, insertPolicy, policiesOfRepository, policyById } from '../../src/storage/policies.ts';
import { attachConnections, detachConnection, repositoryById } from '../../src/storage/repositories.ts';
import { deleteGroupsOf, detachTarget, findGroup, updateGroup } from '../../src/storage/routing-groups.ts';
import { loadDelta } from '../../src/storage/snapshot.ts';
import { findUseCase, insertUseCase } from '../../src/storage/use-cases.ts';
import { policyWith } from '../support/policy.ts';
import { newScene, nouns, type Noun, type Scene } from './configuration-nouns.ts';
import { onBothEngines } from './engines.ts';
import { seeded } from './ledger-records.ts';
import { atMs, change, ids, newConnection } from './rows.ts';

const everything = -1;
const nounOf = (word: string): Noun => nouns.find((noun) => noun.word === word)!;

const fullSnapshot = async (database: Database): Promise<Snapshot> => {
  const snapshot = new Snapshot();
  snapshot.apply(await loadDelta(database, everything));
  return snapshot;
};

/** The parts of a delta that brought something, by name. */
const broughtBy = (delta: SnapshotDelta): string[] =>
  Object.entries(delta).flatMap(([name, part]) => {
    if (name === 'revision' || name === 'organizationId' || part === undefined) return [];
    return Array.isArray(part) && part.length === 0 ? [] : [name];
  });

onBothEngines('a delta of one commit', (bench) => {
  let scene: Scene;
  let database: Database;
  let above: number;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    scene = await newScene(database);
  });
  beforeEach(async () => {
    above = await currentRevision(database);
  });
  const delta = (): Promise<SnapshotDelta> => loadDelta(database, above);
  const make = async (noun: Noun, name: string = ids.uuid()): Promise<string> => {
    const id = ids.uuid();
    above = await change(database, noun.insert(scene, id, name));
    return id;
  };

  describe.each(nouns.map((noun) => [noun.word, noun] as const))('that made, changed or deleted a %s', (_word, noun) => {
    test('holds that row and nothing else of the house', async () => {
      const id = await make(noun);
      above -= 1;
      const made = await delta();
      expect([broughtBy(made).length, noun.inDelta(made)]).toEqual([1, [{ id, isGone: false }]]);
      above = made.revision;
      await change(database, noun.edit(scene, id, 5, above));
      const changed = await delta();
      expect([broughtBy(changed), noun.inDelta(changed)]).toEqual([broughtBy(made), [{ id, isGone: false }]]);
      above = changed.revision;
      await change(database, noun.remove(scene, id));
      const gone = await delta();
      expect([broughtBy(gone), noun.inDelta(gone)]).toEqual([broughtBy(made), [{ id, isGone: true }]]);
      above = gone.revision;
      expect(broughtBy(await delta())).toEqual([]);
    });
  });

  test('of several nouns holds all of them, the last state of each, in the order of their changes', async () => {
    const [first, second] = [ids.uuid(), ids.uuid()];
    const own = new Map(nouns.map((noun) => [noun, { first: ids.uuid(), second: ids.uuid() }]));
    const insert = nouns.flatMap((noun) => [
      ...noun.insert(scene, own.get(noun)!.first, first),
      ...noun.insert(scene, own.get(noun)!.second, second),
    ]);
    const revision = await change(database, insert);
    await change(
      database,
      nouns.flatMap((noun) => noun.edit(scene, own.get(noun)!.first, 9, revision)),
    );
    const found = await delta();
    for (const noun of nouns) expect(noun.inDelta(found).map(({ id }) => id)).toEqual([own.get(noun)!.second, own.get(noun)!.first]);
  });

  test('that saved settings holds them whole, and the next one does not say them again', async () => {
    const saved = { maxTokens: 512, temperature: 0.3, isEnvironmentUsed: false };
    const { revision: readRevision } = await aiSettingsOf(database);
    const revision = await change(database, putAiSettings(database, saved, { readRevision, nowMs: atMs }));
    const first = await delta();
    expect([broughtBy(first), first.aiSettings]).toEqual([['aiSettings'], { ...saved, savedAtMs: atMs, revision }]);
    above = revision;
    const limitSettings: LimitSettings = {
      timeZone: 'Asia/Jakarta',
      outputTokensCeiling: 9,
      revision: (await limitSettingsOf(database)).revision,
    };
    const next = await change(database, putLimitSettings(database, limitSettings, atMs));
    const second = await delta();
    expect([broughtBy(second), second.limitSettings]).toEqual([['limitSettings'], { ...limitSettings, revision: next }]);
    const snapshot = await fullSnapshot(database);
    expect([snapshot.aiSettings, snapshot.limits.timeZone, snapshot.limits.outputTokensCeiling]).toEqual([
      first.aiSettings,
      'Asia/Jakarta',
      9,
    ]);
  });

  test('of two who save settings at once holds those of one', async () => {
    const { revision: readRevision } = await aiSettingsOf(database);
    const save = (maxTokens: number): Promise<number> =>
      change(database, putAiSettings(database, { maxTokens, temperature: null, isEnvironmentUsed: true }, { readRevision, nowMs: atMs }));
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map(save));
    const won = outcomes.flatMap((outcome, at) => (outcome.status === 'fulfilled' ? [at + 1] : []));
    expect(won).toHaveLength(1);
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ label: 'ai-settings' });
    expect((await delta()).aiSettings?.maxTokens).toBe(won[0]);
  });

  test('that took a connection away holds what it was attached to and what it was a target of', async () => {
    const [leaving, staying] = [await newConnection(database, scene.userId), await newConnection(database, scene.userId)];
    const repositoryId = await make(nounOf('repository'));
    const [groupId, untouched] = [await make(nounOf('routing group')), await make(nounOf('routing group'))];
    await change(database, attachConnections(database, repositoryId, [leaving, staying]));
    const group = (await findGroup(database, groupId))!;
    const target = { model: 'm', weight: 1, isEnabled: true, region: null };
    const targets = [leaving, staying].map((connectionId) => ({ ...target, connectionId }));
    above = await change(database, updateGroup(database, { ...group, targets }, group.revision));
    await change(database, detachConnection(database, leaving), detachTarget(database, leaving), deleteSteps(database, leaving, atMs));
    const found = await delta();
    expect(found.connections).toMatchObject([{ id: leaving, connection: null }]);
    expect(found.repositories).toMatchObject([{ id: repositoryId, repository: { connectionIds: [staying] } }]);
    expect(found.routingGroups!.map(({ id, group: one }) => [id, one!.targets.map(({ connectionId }) => connectionId)])).toEqual([
      [groupId, [staying]],
    ]);
    expect((await findGroup(database, untouched))?.targets).toEqual([]);
  });

  test('that ended an owner’s groups or a repository’s policies holds each of them as gone, and none of anybody else', async () => {
    const repositoryId = await make(nounOf('repository'));
    const kept = await make(nounOf('policy'));
    const bound = { workspaceId: scene.workspaceId, repositoryId, level: 'repository' as const };
    const [first, second] = [ids.uuid(), ids.uuid()];
    for (const [at, id] of [first, second].entries())
      await change(database, insertPolicy(database, policyWith({}, { id, name: `P${at}`, createdAtMs: atMs + at, ...bound })));
    expect(await policiesOfRepository(database, repositoryId)).toEqual([
      { id: first, name: 'P0' },
      { id: second, name: 'P1' },
    ]);
    const groups = [await make(nounOf('routing group')), await make(nounOf('routing group'))];
    const other = await newScene(database);
    const foreign = ids.uuid();
    above = await change(database, nounOf('routing group').insert(other, foreign, 'theirs'));
    const before = await currentRevision(database);
    await change(
      database,
      endPoliciesOf(database, repositoryId, atMs),
      deleteGroupsOf(database, { scope: 'user', id: scene.userId }, atMs),
    );
    const found = await delta();
    const ended = found.policies!.map(({ policy, isDeleted }) => `${policy.id} ${policy.isActive} ${isDeleted}`);
    expect(ended.toSorted()).toEqual([first, second].map((id) => `${id} false true`).toSorted());
    expect(nounOf('routing group').inDelta(found)).toEqual(expect.arrayContaining(groups.map((id) => ({ id, isGone: true }))));
    expect(
      nounOf('routing group')
        .inDelta(found)
        .every(({ isGone }) => isGone),
    ).toBe(true);
    expect([(await findGroup(database, foreign))?.id, (await policyById(database, kept))?.isActive]).toEqual([foreign, true]);
    // Those that were gone before are not told of again.
    above = before + 1;
    await change(
      database,
      endPoliciesOf(database, repositoryId, atMs),
      deleteGroupsOf(database, { scope: 'user', id: scene.userId }, atMs),
    );
    expect(broughtBy(await delta())).toEqual([]);
    expect((await repositoryById(database, repositoryId))?.id).toBe(repositoryId);
  });
});

onBothEngines('a name that changed hands', (bench) => {
  test('leads to the group that has it now, also for who hears of all of it at once', async () => {
    const database = createDatabase(await bench.open({ isMigrated: true }));
    const scene = await newScene(database);
    const noun = nounOf('routing group');
    const [first, second] = [ids.uuid(), ids.uuid()];
    const made = await change(database, noun.insert(scene, first, 'marked 1'));
    const snapshot = await fullSnapshot(database);
    const renamed = await change(database, noun.edit(scene, first, 2, made));
    await change(database, noun.insert(scene, second, 'marked 1'));
    // The first comes behind the second by this, although its name went before.
    await change(database, noun.edit(scene, first, 2, renamed));
    snapshot.apply(await loadDelta(database, snapshot.revision));
    const owners = [{ scope: 'user' as const, id: scene.userId }];
    expect(['marked 1', 'marked 2'].map((name) => snapshot.routing.named(owners, name)?.id)).toEqual([second, first]);
  });

  test('within one change leads to the use case that has the slug now', async () => {
    const database = createDatabase(await bench.open({ isMigrated: true }));
    const scene = await newScene(database);
    const noun = nounOf('use case');
    // Rows of one revision come in the order of their ids: the new one comes first.
    const [younger, older] = [ids.uuid(), ids.uuid()];
    await change(database, noun.insert(scene, older, 'one'));
    const { slug, ...useCase } = (await findUseCase(database, older))!;
    const snapshot = await fullSnapshot(database);
    await change(database, noun.remove(scene, older), insertUseCase(database, { ...useCase, id: younger, slug }));
    snapshot.apply(await loadDelta(database, snapshot.revision));
    expect(snapshot.useCases.bySlug.get(slug)?.id).toBe(younger);
  });
});

onBothEngines('a random history of nouns', (bench) => {
  /** What requests are decided by, in a form that can be compared. */
  const contentOf = (snapshot: Snapshot, subjectIds: readonly string[]): object => ({
    revision: snapshot.revision,
    repositories: [...snapshot.repositories].toSorted(([a], [b]) => (a < b ? -1 : 1)),
    groups: [...snapshot.routing.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    useCases: [...snapshot.useCases.byId].toSorted(([a], [b]) => (a < b ? -1 : 1)),
    slugs: [...snapshot.useCases.bySlug].map(([slug, { id }]) => `${slug} ${id}`).toSorted(),
    named: [...snapshot.routing.values()].map(({ owner, name, id }) => `${id} ${snapshot.routing.named([owner], name)?.id}`).toSorted(),
    policies: snapshot.policies.binding(null, null),
    limits: [snapshot.limits.size, ...subjectIds.map((id) => snapshot.limits.of('user', id)?.requests?.hard?.value ?? null)],
  });

  /** So few that names change hands. */
  const namesInAll = 12;

  interface Made {
    noun: Noun;
    id: string;
  }

  /** One deed on a noun that is drawn; false where the rows' state refused it. */
  async function step(scene: Scene, made: Made[], below: (limit: number) => number): Promise<boolean> {
    try {
      const deed = made.length === 0 ? 0 : below(4);
      if (deed === 0) {
        const one = { noun: nouns[below(nouns.length)]!, id: ids.uuid() };
        await change(scene.database, one.noun.insert(scene, one.id, `marked ${below(namesInAll)}`));
        made.push(one);
        return true;
      }
      const { noun, id } = made[below(made.length)]!;
      const found = await noun.find(scene, id);
      if (found === undefined) return false;
      const steps = deed === 1 ? noun.remove(scene, id) : noun.edit(scene, id, below(namesInAll), found.revision);
      await change(scene.database, steps);
      return true;
    } catch (error) {
      if (error instanceof StaleWrite || error instanceof UniqueViolation) return false;
      throw error;
    }
  }

  const subjectsIn = (delta: SnapshotDelta): string[] => delta.limits!.map(({ limit }) => limit.subject.id).toSorted();

  test.each([3, 20_261_121])('seed %i: who follows step by step, or only at the end, knows what a full load knows', async (seed) => {
    const database = createDatabase(await bench.open({ isMigrated: true }));
    const [scene, below] = [await newScene(database), seeded(seed)];
    const made: Made[] = [];
    const everyStep = await fullSnapshot(database);
    const followers: Snapshot[] = [];
    let deeds = 0;
    for (let tries = 0; tries < 1_000 && deeds < 150; tries++) {
      if (!(await step(scene, made, below))) continue;
      deeds += 1;
      everyStep.apply(await loadDelta(database, everyStep.revision));
      if (deeds % 10 === 0) followers.push(await fullSnapshot(database));
    }
    expect(deeds).toBe(150);
    const subjectIds = subjectsIn(await loadDelta(database, everything));
    const expected = contentOf(await fullSnapshot(database), subjectIds);
    expect(contentOf(everyStep, subjectIds)).toEqual(expected);
    for (const follower of followers) {
      follower.apply(await loadDelta(database, follower.revision));
      expect(contentOf(follower, subjectIds)).toEqual(expected);
    }
  });

  test('by five writers at once: who follows meanwhile misses nothing', async () => {
    const database = createDatabase(await bench.open({ isMigrated: true }));
    const scene = await newScene(database);
    const made: Made[] = [];
    const snapshot = await fullSnapshot(database);
    const over = new AbortController();
    const following = (async (): Promise<void> => {
      for (let loads = 0; loads < 10_000 && !over.signal.aborted; loads++) snapshot.apply(await loadDelta(database, snapshot.revision));
    })();
    const writer = async (seed: number): Promise<void> => {
      const below = seeded(seed);
      for (let n = 0; n < 40; n++) await step(scene, made, below);
    };
    await Promise.all([1, 2, 3, 4, 5].map(writer));
    over.abort();
    await following;
    snapshot.apply(await loadDelta(database, snapshot.revision));
    const subjectIds = subjectsIn(await loadDelta(database, everything));
    expect(made.length).toBeGreaterThan(30);
    expect(contentOf(snapshot, subjectIds)).toEqual(contentOf(await fullSnapshot(database), subjectIds));
  });
});
