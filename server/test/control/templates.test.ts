/** Templates and S2's service on top of them: where a new connection starts, and whose word wins. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Caller } from '../../src/control/change.ts';
import { ConfigurationService, validateConfiguration, withTemplate } from '../../src/control/configuration-service.ts';
import { templateById, templatesOf } from '../../src/control/templates.ts';
import { catalog, providerRow } from '../../src/providers/catalog.ts';
import { configurationFaults } from '../../src/providers/schemas.ts';
import { startersOf } from '../../src/providers/starters.ts';
import { openHouse, origin, type House, type Resident } from '../support/house.ts';

let house: House;
let user: Resident;
let other: Resident;
const by = (who: Resident): Caller => ({ actor: who.actor, origin });
const service = (who = user): ConfigurationService => new ConfigurationService(house.deps, by(who));
const refusalOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'done',
    (error: { code?: unknown; details?: { path: string }[] }) => [error.code, error.details?.[0]?.path],
  );

beforeAll(async () => {
  house = await openHouse({ egressAllow: '127.0.0.1:*' });
  await house.createResident('Admin', 'administrator');
  user = await house.createResident('User');
  other = await house.createResident('Other');
});
afterAll(() => house.close());

const store = (provider: string, name: string, configuration: object, isDefault = false): Promise<unknown> =>
  house.database.db
    .insertInto('provider_templates')
    .values({ provider, name, description: null, configuration: JSON.stringify(configuration), is_default: isDefault })
    .execute();

describe('built-in templates', () => {
  test.each(catalog.map((row) => [row.id, row] as const))(
    'of %s: one at least per suggested model that is not retired, at most one default, each fit for its form and without a key',
    async (id, row) => {
      const templates = await templatesOf(house.deps, id, 'en');
      const models = new Set(templates.map(({ configuration }) => configuration['model']));
      for (const model of row.models.suggested) expect(models.has(model), model).toBe(!Object.hasOwn(row.retired, model));
      expect(templates.filter(({ isDefault }) => isDefault).map(({ configuration }) => configuration['model'])).toEqual(
        models.has(row.models.default) ? [row.models.default] : [],
      );
      for (const template of templates) {
        expect(template).toMatchObject({ providerId: id, createdAtMs: null });
        expect(template.description === null).toBe(template.purpose === null);
        expect(template.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(await templateById(house.deps, template.id)).toEqual({ ...template, isDefault: expect.any(Boolean) as unknown });
        const faults = configurationFaults(row, template.configuration).filter(({ path }) => path !== 'apiKey' && path !== 'baseUrl');
        expect(faults, template.name).toEqual([]);
        expect(Object.keys(template.configuration)).not.toContain('apiKey');
      }
    },
  );

  test('say what they are for in the language of whoever asks; the id is the same in both', async () => {
    const [english, indonesian] = [await templatesOf(house.deps, 'openai', 'en'), await templatesOf(house.deps, 'openai', 'id')];
    expect(english.map(({ id }) => id)).toEqual(indonesian.map(({ id }) => id));
    const of = (purpose: string, templates: typeof english) => templates.find((template) => template.purpose === purpose);
    expect(of('saver', english)).toMatchObject({
      name: 'Cost saver: gpt-5-nano',
      configuration: { model: 'gpt-5-nano', reasoningEffort: 'minimal' },
    });
    expect(of('saver', indonesian)?.name).toBe('Hemat biaya: gpt-5-nano');
    expect(of('saver', indonesian)?.description).not.toBe(of('saver', english)?.description);
    expect(english.map(({ purpose }) => purpose)).toEqual(
      expect.arrayContaining(['saver', 'fast', 'reasoning', 'long', 'code', 'embeddings', null]),
    );
    expect((await templatesOf(house.deps, 'ollama', 'en'))[0]).toMatchObject({ purpose: 'private', isDefault: true });
  });

  test("stand for providers and models that exist: a price or a machine of one's own behind each, and no model twice for one purpose", () => {
    for (const { id, isFree } of catalog) {
      const starters = startersOf(id);
      expect(new Set(starters.map(({ purpose, model }) => `${purpose} ${model}`)).size).toBe(starters.length);
      for (const { model } of starters)
        expect(isFree || house.deps.prices.catalogueOf(providerRow(id)!, model) !== null, `${id} ${model}`).toBe(true);
    }
    expect(startersOf('constructor')).toEqual([]);
  });

  test('have ids of their own, the same in every house', async () => {
    const all = (await Promise.all(catalog.map(({ id }) => templatesOf(house.deps, id, 'en')))).flat();
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    const elsewhere = await openHouse();
    expect((await templatesOf(elsewhere.deps, 'openai', 'en')).map(({ id }) => id)).toEqual(
      (await templatesOf(house.deps, 'openai', 'en')).map(({ id }) => id),
    );
    await elsewhere.close();
  });

  test('an unknown provider has none, an unknown id is none', async () => {
    expect(await templatesOf(house.deps, 'nobody', 'en')).toEqual([]);
    for (const id of ['', 'x', house.deps.ids.uuid()]) expect(await templateById(house.deps, id)).toBeUndefined();
  });
});

describe('stored templates', () => {
  test('come first, and a stored default takes the place of the built-in one (R-087)', async () => {
    const builtIn = await templatesOf(house.deps, 'mistral', 'en');
    expect(builtIn.some(({ isDefault }) => isDefault)).toBe(true);
    await store('mistral', 'Plain', { model: 'plain' });
    expect((await templatesOf(house.deps, 'mistral', 'en')).filter(({ isDefault }) => isDefault)).toEqual(
      builtIn.filter(({ isDefault }) => isDefault),
    );
    await store('mistral', 'Ours', { model: 'ours' }, true);
    const templates = await templatesOf(house.deps, 'mistral', 'en');
    expect(templates.slice(0, 2).map(({ name }) => name)).toEqual(['Ours', 'Plain']);
    expect(templates.filter(({ isDefault }) => isDefault).map(({ name }) => name)).toEqual(['Ours']);
    expect(templates).toHaveLength(builtIn.length + 2);
  });
});

describe('a connection from a template', () => {
  const address = 'http://127.0.0.1:9/v1';
  const idOf = async (name: string): Promise<string> =>
    (await templatesOf(house.deps, 'custom', 'en')).find((template) => template.name === name)!.id;
  beforeAll(() => store('custom', 'House style', { model: 'house-model', baseUrl: address, temperature: 0.2, maxTokens: 100 }));

  test('has what the template says', async () => {
    const made = await service().createConfiguration({ name: 'All of it', provider: 'custom', templateId: await idOf('House style') });
    expect(made).toMatchObject({
      model: 'house-model',
      baseUrl: address,
      configuration: { temperature: 0.2, maxTokens: 100 },
      userId: user.id,
    });
  });

  test("and the caller's word wins, field by field", async () => {
    const templateId = await idOf('House style');
    const made = await service().createConfiguration({
      name: 'Some of it',
      provider: 'custom',
      model: 'mine',
      configuration: { temperature: 1 },
      templateId,
    });
    expect(made).toMatchObject({ model: 'mine', baseUrl: address, configuration: { temperature: 1, maxTokens: 100 } });
  });

  test("of another provider, or of none, is refused by the field's name and nothing is made", async () => {
    const before = (await service().listConfigurations()).length;
    const templateId = await idOf('House style');
    expect(await refusalOf(service().createConfiguration({ name: 'x', provider: 'openai', apiKey: 'sk-0123456789', templateId }))).toEqual([
      'VALIDATION_ERROR',
      'templateId',
    ]);
    expect(await refusalOf(service().createConfiguration({ name: 'x', provider: 'custom', templateId: house.deps.ids.uuid() }))).toEqual([
      'VALIDATION_ERROR',
      'templateId',
    ]);
    expect(await refusalOf(withTemplate(house.deps, { providerId: 'openai' }, templateId))).toEqual(['VALIDATION_ERROR', 'templateId']);
    expect((await service().listConfigurations()).length).toBe(before);
  });

  test('brings no secret with it, however it is written', async () => {
    await store('custom', 'With a key', { model: 'm', baseUrl: address, apiKey: 'sk-of-the-template-0123' });
    const made = await service().createConfiguration({ name: 'Keyed', provider: 'custom', templateId: await idOf('With a key') });
    // A key among the settings goes where keys go: sealed, and out of the settings.
    expect(made).toMatchObject({ hasApiKey: true, apiKey: '***0123' });
    expect(JSON.stringify(made.configuration)).not.toContain('sk-of');
    const row = await house.database.db.selectFrom('ai_configurations').selectAll().where('id', '=', made.id).executeTakeFirstOrThrow();
    expect(JSON.stringify(row)).not.toContain('sk-of-the-template');
  });
});

describe('ConfigurationService', () => {
  const make = (name: string, who = user) =>
    service(who).createConfiguration({
      name,
      provider: 'custom',
      baseUrl: 'http://127.0.0.1:9/v1',
      model: 'm',
      apiKey: 'sk-service-0123456789',
    });

  test("lists the caller's own, newest first, and gets, changes and deletes nobody else's", async () => {
    const [first, second] = [await make('First', other), await make('Second', other)];
    expect((await service(other).listConfigurations()).map(({ id }) => id)).toEqual([second.id, first.id]);
    expect((await service().listConfigurations()).map(({ id }) => id)).not.toContain(first.id);
    for (const work of [
      service().getConfiguration(first.id),
      service().updateConfiguration(first.id, { name: 'x' }),
      service().deleteConfiguration(first.id),
      service().rotateApiKey(first.id),
      service().testConfiguration(first.id),
      service().getUsageStats(first.id, '7d'),
    ])
      expect(await refusalOf(work)).toEqual(['NOT_FOUND', undefined]);
    expect(await service(other).getConfiguration(first.id)).toMatchObject({ name: 'First', isActive: true });
  });

  test('a rotation seals anew and changes nothing that anybody sees', async () => {
    const made = await make('Rotated');
    const sealed = async () =>
      (
        await house.database.db
          .selectFrom('ai_configurations')
          .select('api_key_encrypted')
          .where('id', '=', made.id)
          .executeTakeFirstOrThrow()
      ).api_key_encrypted;
    const before = await sealed();
    await service().rotateApiKey(made.id);
    expect(await sealed()).not.toBe(before);
    const { revision, ...shown } = await service().getConfiguration(made.id);
    expect({ ...shown, revision: made.revision }).toEqual(made);
    expect(revision).toBeGreaterThan(made.revision);
  });

  test('of two names alike one is taken, also in another spelling', async () => {
    await make('Größe');
    expect(await refusalOf(make('GRÖSSE'))).not.toEqual(['NAME_EXISTS', 'name']);
    for (const name of ['größe', 'Größe'.normalize('NFD')]) expect(await refusalOf(make(name))).toEqual(['NAME_EXISTS', 'name']);
  });

  test('nothing is told of a key but its tail, in any of its answers', async () => {
    const made = await make('Told');
    const answers = [
      made,
      await service().getConfiguration(made.id),
      await service().updateConfiguration(made.id, { model: 'n' }),
      await service().testConfiguration(made.id),
      await service().listConfigurations(),
    ];
    expect(JSON.stringify(answers)).not.toContain('sk-service');
  });

  test('validation asks the schema alone: the same faults for a person and for the service', async () => {
    for (const { id } of catalog.filter((row) => !row.isInternal)) {
      for (const config of [{}, { temperature: 9 }, { apiKey: 7 }, null, 'text', { model: '' }]) {
        const direct = validateConfiguration(house.deps, id, config);
        expect(direct.valid).toBe(direct.errors.length === 0);
        expect(await service().validateProvider(id, config)).toEqual(direct);
      }
    }
    expect(await refusalOf(service().validateProvider('nobody', {}))).toEqual(['UNKNOWN_PROVIDER', undefined]);
    // The demo provider does not exist where it is not offered.
    const internal = catalog.find((row) => row.isInternal);
    expect(internal && providerRow(internal.id)).toBeDefined();
    expect(await refusalOf(service().validateProvider(internal!.id, {}))).toEqual(['UNKNOWN_PROVIDER', undefined]);
  });
});
