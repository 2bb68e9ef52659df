/** Templates as rows: made, replaced and deleted on both engines, with one default per provider at every moment. */
import { beforeAll, expect, test } from 'vitest';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { StaleWrite, UniqueViolation } from '../../src/storage/errors.ts';
import {
  clearDefault,
  countTemplates,
  deleteTemplate,
  findTemplate,
  insertTemplate,
  listTemplates,
  templateThere,
  updateTemplate,
  type StoredTemplate,
} from '../../src/storage/templates.ts';
import { onBothEngines } from './engines.ts';
import { ids } from './ledger-records.ts';

onBothEngines('templates of administrators', (bench) => {
  let database: Database;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
  });
  const template = (part: Partial<StoredTemplate> = {}): StoredTemplate => ({
    id: ids.uuid(),
    providerId: 'openai',
    name: 'Help desk',
    description: null,
    configuration: { model: 'gpt-4o', temperature: 0.2 },
    isDefault: false,
    createdAtMs: 1_760_000_000_000,
    revision: 0,
    ...part,
  });
  const insert = (one: StoredTemplate): Promise<unknown> => database.driver.write([insertTemplate(database, one)]);

  test('are read back as they were written, by id and in lists', async () => {
    const one = template({ description: 'for everybody', configuration: { model: 'ü ☃', nested: { list: [1, null, 'x'] } } });
    await insert(one);
    expect(await findTemplate(database, one.id)).toEqual(one);
    expect(await listTemplates(database, 'openai')).toEqual([one]);
    expect(await countTemplates(database)).toBe(1);
  });

  test('an id that is unknown, and one that is none, finds nothing', async () => {
    for (const id of [ids.uuid(), '', 'none', "'; DROP TABLE provider_templates; --"])
      expect(await findTemplate(database, id)).toBeUndefined();
  });

  test('are replaced but for their provider and their time', async () => {
    const one = template({ providerId: 'groq', description: 'old' });
    await insert(one);
    const next = { ...one, name: 'Other', description: null, configuration: {}, isDefault: true };
    await database.driver.write([updateTemplate(database, { ...next, providerId: 'mistral', createdAtMs: 5 })]);
    expect(await findTemplate(database, one.id)).toEqual(next);
  });

  test('a second default is refused unless the first one is cleared in the same step; then all of it holds or nothing', async () => {
    const [one, two] = [template({ providerId: 'xai', isDefault: true }), template({ providerId: 'xai', isDefault: true })];
    await insert(one);
    await expect(insert(two)).rejects.toBeInstanceOf(UniqueViolation);
    await database.driver.write([clearDefault(database, 'xai', two.id), insertTemplate(database, two)]);
    const defaults = async () => (await listTemplates(database, 'xai')).filter(({ isDefault }) => isDefault).map(({ id }) => id);
    expect(await defaults()).toEqual([two.id]);
    await expect(
      database.driver.write([clearDefault(database, 'xai', one.id), updateTemplate(database, template({ providerId: 'xai' }))]),
    ).rejects.toBeInstanceOf(StaleWrite);
    expect(await defaults(), 'a step that failed takes the others with it').toEqual([two.id]);
    await database.driver.write([clearDefault(database, 'nobody', one.id)]);
    expect(await defaults()).toEqual([two.id]);
  });

  test('what has gone cannot be changed or deleted, and says so by its label', async () => {
    const one = template({ providerId: 'cohere' });
    await insert(one);
    await database.driver.write([deleteTemplate(database, one.id)]);
    expect(await findTemplate(database, one.id)).toBeUndefined();
    for (const step of [deleteTemplate(database, one.id), updateTemplate(database, one)])
      await expect(database.driver.write([step])).rejects.toMatchObject({ label: templateThere });
  });
});
