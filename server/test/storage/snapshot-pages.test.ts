/** More groups, repositories, use cases, policies and limits than one page of a load, some of them gone: each comes once and as it is. */
import { beforeAll, expect, test } from 'vitest';
import { Snapshot, type SnapshotDelta } from '../../src/domain/snapshot.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { loadDelta } from '../../src/storage/snapshot.ts';
import { newScene, nouns, type Scene } from './configuration-nouns.ts';
import { onBothEngines } from './engines.ts';
import { atMs, newConnection } from './rows.ts';

/** A full page and a bit. */
const count = 5_003;
const rows = <T>(row: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => row(n));
/** In an order of their own, so that no page ends where numbers do. */
const uuid = (n: number): string => `018f0000-0000-7000-8000-${String((n * 7_919) % 100_003).padStart(12, '0')}`;
/** A few hundred rows share a revision: a page ends in the middle of one. */
const revisionOf = (n: number): number => 1_000 + (n % 13);
const isGone = (n: number): boolean => n % 5 === 0;
const goneAt = (n: number): number | null => (isGone(n) ? atMs : null);

onBothEngines('a load of more than a page', (bench) => {
  let database: Database;
  let scene: Scene;
  let connectionIds: string[];
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    scene = await newScene(database);
    connectionIds = [await newConnection(database, scene.userId), await newConnection(database, scene.userId)];
    const { userId, workspaceId } = scene;
    const no = database.driver.engine === 'sqlite' ? 0 : false;
    const shared = ['id', 'revision', 'deleted_at', 'created_at', 'updated_at'];
    const sharedOf = (n: number): unknown[] => [uuid(n), revisionOf(n), goneAt(n), atMs, atMs];
    const named = [...shared, 'name', 'name_key'];
    const namedOf = (n: number): unknown[] => [...sharedOf(n), `n${n}`, `n${n}`];
    await database.driver.write([
      { insertInto: 'repositories', columns: [...named, 'workspace_id'], rows: rows((n) => [...namedOf(n), workspaceId]) },
      {
        insertInto: 'repository_connections',
        columns: ['repository_id', 'position', 'connection_id'],
        rows: rows((n) => [uuid(n), n % 2, connectionIds[n % 2]]),
      },
      {
        insertInto: 'routing_groups',
        columns: [...named, 'scope', 'owner_id', 'strategy', 'created_by'],
        rows: rows((n) => [...namedOf(n), 'user', userId, 'ordered', userId]),
      },
      {
        insertInto: 'routing_group_targets',
        columns: ['group_id', 'position', 'connection_id', 'model', 'weight'],
        rows: rows((n) => [uuid(n), n % 3, connectionIds[n % 2], `m${n}`, n % 1_000]),
      },
      {
        insertInto: 'use_cases',
        columns: [...named, 'slug', 'system_prompt', 'created_by'],
        rows: rows((n) => [...namedOf(n), `s${n}`, `prompt ${n}`, userId]),
      },
      {
        insertInto: 'policies',
        columns: [...shared, 'name', 'level', 'risk', 'action'],
        rows: rows((n) => [...sharedOf(n), `n${n}`, 'organization', 'LOW', n % 4]),
      },
      {
        insertInto: 'limits',
        columns: [...shared, 'subject_kind', 'subject_id', 'kind', 'period', 'value', 'level', 'is_shadow'],
        rows: rows((n) => [...sharedOf(n), 'user', uuid(n), 'requests', 'minute', n, 'owner', no]),
      },
      { sql: 'UPDATE config_revision SET revision = 2000', params: [] },
    ]);
  });

  const goneOf = (ofNoun: readonly { id: string; isGone: boolean }[]): string[] => ofNoun.flatMap((row) => (row.isGone ? [row.id] : []));

  test.each(nouns.map((noun) => [noun.word, noun] as const))('brings every %s once, and says which are gone', async (_word, noun) => {
    const found = noun.inDelta(await loadDelta(database, -1));
    expect(found.length).toBe(count);
    expect(found.map(({ id }) => id).toSorted()).toEqual(rows(uuid).toSorted());
    expect(goneOf(found).toSorted()).toEqual(
      rows((n) => (isGone(n) ? uuid(n) : ''))
        .filter(Boolean)
        .toSorted(),
    );
  });

  test.each(nouns.map((noun) => [noun.word, noun] as const))(
    'above a revision brings each %s above it and no other',
    async (_word, noun) => {
      const above = 1_004;
      const found = noun.inDelta(await loadDelta(database, above)).map(({ id }) => id);
      const expected = rows((n) => (revisionOf(n) > above ? uuid(n) : '')).filter(Boolean);
      expect(found.toSorted()).toEqual(expected.toSorted());
      expect(noun.inDelta(await loadDelta(database, 2_000))).toEqual([]);
    },
  );

  test('brings each group with its own targets, and each repository with its own connections', async () => {
    const delta: SnapshotDelta = await loadDelta(database, -1);
    const snapshot = new Snapshot();
    snapshot.apply(delta);
    for (let n = 0; n < count; n++) {
      const connectionId = connectionIds[n % 2]!;
      const targets = snapshot.routing.byId(uuid(n))?.targets.map((target) => [target.connectionId, target.model, target.weight]);
      const attached = snapshot.repositories.get(uuid(n))?.connectionIds;
      const asked = [
        targets,
        attached,
        snapshot.useCases.bySlug.get(`s${n}`)?.systemPrompt,
        snapshot.limits.of('user', uuid(n))?.requests?.hard?.value,
      ];
      const expected = isGone(n)
        ? [undefined, undefined, undefined, undefined]
        : [[[connectionId, `m${n}`, n % 1_000]], [connectionId], `prompt ${n}`, n];
      // The costly comparison is made for the one that differs alone.
      if (JSON.stringify(asked) !== JSON.stringify(expected)) expect(asked).toEqual(expected);
    }
    const living = rows((n) => (isGone(n) ? 0 : 1)).filter(Boolean).length;
    expect([snapshot.routing.size, snapshot.repositories.size, snapshot.limits.size]).toEqual([living, living, living]);
    expect(snapshot.policies.binding(null, null)).toHaveLength(living);
  });
});
