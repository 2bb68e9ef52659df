/** Use cases and AI settings as rows: what is written is what is read, names are unique, and the snapshot hears of every change once. */
import { beforeAll, expect, test } from 'vitest';
import { aiSettingsDefault } from '../../src/domain/ai-settings.ts';
import type { UseCase } from '../../src/domain/use-case.ts';
import { aiSettingsAbove, aiSettingsOf, putAiSettings } from '../../src/storage/ai-settings.ts';
import { deleteSteps } from '../../src/storage/connections.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { StaleWrite, UniqueViolation } from '../../src/storage/errors.ts';
import { loadDelta } from '../../src/storage/snapshot.ts';
import { deleteUseCase, insertUseCase, listUseCases, requireConnections, updateUseCase, findUseCase } from '../../src/storage/use-cases.ts';
import { onBothEngines } from './engines.ts';
import { atMs, change, hostileTexts, ids, newConnection, newPerson, theOrganization } from './rows.ts';

onBothEngines('use cases', (bench) => {
  let database: Database;
  let userId: string;
  let connectionId: string;
  let number = 0;

  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    userId = await newPerson(database);
    const owner = { scope: 'organization' as const, id: await theOrganization(database) };
    connectionId = await newConnection(database, userId, { name: 'Budget AI', owner });
  });

  const useCase = (part: Partial<UseCase> = {}): UseCase => {
    number += 1;
    return {
      id: ids.uuid(),
      slug: `case-${number}`,
      name: `Case ${number}`,
      description: 'What it is for.',
      connectionId,
      model: 'gpt-4o-mini',
      systemPrompt: 'Answer\nbriefly.',
      baseKnowledge: 'Facts.',
      temperature: 0.2,
      maxTokens: 300,
      allowedRoles: ['user', 'manager'],
      priority: 3,
      fallbackIds: [ids.uuid(), ids.uuid()],
      inject: { user: true, time: false, page: true },
      isActive: true,
      createdBy: userId,
      createdAtMs: atMs,
      updatedAtMs: atMs,
      revision: 0,
      ...part,
    };
  };
  const inserted = async (part: Partial<UseCase> = {}): Promise<UseCase> => {
    const made = useCase(part);
    const revision = await change(database, insertUseCase(database, made));
    return { ...made, revision };
  };

  test('a use case is read as it was written, and without the parts that it does not have', async () => {
    const full = await inserted();
    expect(await findUseCase(database, full.id)).toEqual(full);
    const bare = await inserted({
      connectionId: null,
      model: null,
      temperature: null,
      maxTokens: null,
      allowedRoles: null,
      fallbackIds: [],
    });
    expect(await findUseCase(database, bare.id)).toEqual(bare);
  });

  test('a temperature comes back to the last digit, zero as zero', async () => {
    for (const temperature of [0, 0.1, 0.7, 1, 1.05, 2]) {
      const { id } = await inserted({ temperature });
      expect((await findUseCase(database, id))?.temperature).toBe(temperature);
    }
  });

  test('the list is in the order of names, whatever their case, without those that were deleted', async () => {
    const [b, a, gone] = [await inserted({ name: 'zz beta' }), await inserted({ name: 'ZZ Alpha' }), await inserted({ name: 'zz gone' })];
    await change(database, deleteUseCase(database, gone.id, atMs + 1));
    const names = (await listUseCases(database)).map(({ name }) => name).filter((name) => name.toLowerCase().startsWith('zz'));
    expect(names).toEqual([a.name, b.name]);
  });

  test('a name is taken in any case and spelling, a slug as it stands; both are free again after a deletion', async () => {
    const { id } = await inserted({ name: 'Straße', slug: 'taken' });
    await expect(change(database, insertUseCase(database, useCase({ name: 'STRASSE'.toLowerCase().replace('ss', 'ß') })))).rejects.toThrow(
      UniqueViolation,
    );
    await expect(change(database, insertUseCase(database, useCase({ slug: 'taken' })))).rejects.toMatchObject({
      constraint: 'use_cases_slug',
    });
    await change(database, deleteUseCase(database, id, atMs));
    expect((await inserted({ name: 'Straße', slug: 'taken' })).slug).toBe('taken');
  });

  test.each(hostileTexts.map((text) => [JSON.stringify(text).slice(0, 40), text]))(
    'the text %s is kept to the last byte',
    async (_s, text) => {
      const { id } = await inserted({ systemPrompt: text, baseKnowledge: text, description: text });
      expect(await findUseCase(database, id)).toMatchObject({ systemPrompt: text, baseKnowledge: text, description: text });
    },
  );

  test('a change that was made from an older state fails whole', async () => {
    const made = await inserted();
    await change(database, updateUseCase(database, { ...made, name: 'Changed first' }, made.revision));
    const late = change(database, updateUseCase(database, { ...made, name: 'Changed late' }, made.revision));
    await expect(late).rejects.toMatchObject({ label: 'use-case' });
    expect((await findUseCase(database, made.id))?.name).toBe('Changed first');
  });

  test('a deletion leaves the name for the books and none of the texts', async () => {
    const made = await inserted({ systemPrompt: 'secret prompt' });
    await change(database, deleteUseCase(database, made.id, atMs + 5));
    expect(await findUseCase(database, made.id)).toBeUndefined();
    const row = await database.db.selectFrom('use_cases').selectAll().where('id', '=', made.id).executeTakeFirstOrThrow();
    expect(row).toMatchObject({
      name: made.name,
      system_prompt: '',
      base_knowledge: '',
      description: '',
      fallback: '[]',
      connection_id: null,
    });
    await expect(change(database, deleteUseCase(database, made.id, atMs))).rejects.toThrow(StaleWrite);
  });

  test('a connection that was deleted, or is not the organization’s, is no connection for a use case', async () => {
    const own = await newConnection(database, userId, { name: 'private' });
    await expect(change(database, requireConnections(database, [connectionId, own]))).rejects.toMatchObject({ label: 'connection' });
    const owner = { scope: 'organization' as const, id: await theOrganization(database) };
    const other = await newConnection(database, userId, { name: 'other', owner });
    await change(database, requireConnections(database, [connectionId, other]));
    await change(database, deleteSteps(database, other, atMs));
    await expect(change(database, requireConnections(database, [connectionId, other]))).rejects.toThrow(StaleWrite);
  });

  test('the snapshot gets what lies above its revision: the changed, and the deleted as nothing', async () => {
    const before = (await loadDelta(database, -1)).revision;
    const [kept, gone] = [await inserted(), await inserted()];
    await change(database, deleteUseCase(database, gone.id, atMs));
    const { useCases } = await loadDelta(database, before);
    expect(useCases).toEqual([
      { id: kept.id, useCase: kept },
      { id: gone.id, useCase: null },
    ]);
    expect((await loadDelta(database, (await loadDelta(database, -1)).revision)).useCases).toEqual([]);
  });

  test('what the database is told to keep out stays out: no name, no slug, a slug of any length, a connection that never was', async () => {
    for (const part of [{ name: '' }, { slug: '' }, { slug: 's'.repeat(101) }, { name: 'n'.repeat(256) }, { connectionId: ids.uuid() }])
      await expect(change(database, insertUseCase(database, useCase(part)))).rejects.toBeInstanceOf(Error);
  });

  test('a change that fails leaves neither a row nor a revision', async () => {
    const made = await inserted();
    const before = (await loadDelta(database, -1)).revision;
    const steps = [updateUseCase(database, { ...made, name: 'half' }, made.revision), deleteUseCase(database, ids.uuid(), atMs)];
    await expect(change(database, ...steps)).rejects.toThrow(StaleWrite);
    expect((await findUseCase(database, made.id))?.name).toBe(made.name);
    expect((await loadDelta(database, -1)).revision).toBe(before);
  });

  test('an unknown id finds nothing, and a list without use cases is empty', async () => {
    expect(await findUseCase(database, ids.uuid())).toBeUndefined();
    const empty = createDatabase(await bench.open({ isMigrated: true }));
    expect(await listUseCases(empty)).toEqual([]);
    expect((await loadDelta(empty, -1)).useCases).toEqual([]);
  });

  test('AI settings are proposals until they are saved, then what was saved, and only once for each revision', async () => {
    expect(await aiSettingsOf(database)).toEqual(aiSettingsDefault);
    expect((await loadDelta(database, -1)).aiSettings).toBeUndefined();
    const saved = { maxTokens: 100, temperature: null, isEnvironmentUsed: false };
    const revision = await change(database, putAiSettings(database, saved, { readRevision: 0, nowMs: atMs }));
    expect(await aiSettingsOf(database)).toEqual({ ...saved, savedAtMs: atMs, revision });
    expect(await aiSettingsAbove(database, revision - 1)).toEqual({ ...saved, savedAtMs: atMs, revision });
    expect(await aiSettingsAbove(database, revision)).toBeUndefined();
    const stale = change(database, putAiSettings(database, { ...saved, maxTokens: 1 }, { readRevision: 0, nowMs: atMs }));
    await expect(stale).rejects.toMatchObject({ label: 'ai-settings' });
    const next = await change(database, putAiSettings(database, { ...saved, maxTokens: 1 }, { readRevision: revision, nowMs: atMs + 9 }));
    expect(await aiSettingsOf(database)).toMatchObject({ maxTokens: 1, savedAtMs: atMs + 9, revision: next });
  });
});
