/** The relations that the documents promise to whoever reads the database itself: names, types, defaults and bounds. */
import { beforeAll, expect, test } from 'vitest';
import { deleteSteps } from '../../src/storage/connections.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { ForeignKeyViolation, StorageFault } from '../../src/storage/errors.ts';
import { listTemplates } from '../../src/storage/templates.ts';
import { deleteWorkspace } from '../../src/storage/workspaces.ts';
import { onBothEngines } from './engines.ts';
import { atMs, change, changeConnection, hostileTexts, ids, newConnection, newPerson, newWorkspace, theOrganization } from './rows.ts';

type Row = Record<string, unknown>;

/** C-16: the documents' columns in the documents' order. */
const views = {
  ai_connections: {
    id: 'text',
    name: 'text',
    base_url: 'text',
    api_key: 'text',
    default_model: 'text',
    is_default: 'integer',
    created_at: 'integer',
    updated_at: 'integer',
  },
  ai_models: {
    id: 'text',
    name: 'text',
    api_url: 'text',
    api_key: 'text',
    model_variant: 'text',
    is_active: 'integer',
    created_at: 'integer',
    updated_at: 'integer',
  },
} as const;

onBothEngines('ai_connections and ai_models', (bench, engine) => {
  let database: Database;
  let userId: string;
  const nowMs = 1_800_000_000_999;
  /** The columns under other names: the driver reads an expression called `is_...` as a boolean, others read 0 or 1. */
  const viewOf = async (view: keyof typeof views, id: string): Promise<Row[]> => {
    const columns = Object.keys(views[view]).map((name) => `${name} AS as_${name}`);
    const rows = await database.driver.rows({ sql: `SELECT ${columns.join(', ')} FROM ${view} WHERE id = $1`, params: [id] });
    return rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name.slice(3), value])));
  };
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    userId = await newPerson(database);
  });

  test('show a row by the documents’ names, with whole seconds and 0 or 1 (R-282 to R-286)', async () => {
    const owner = { scope: 'organization', id: await theOrganization(database) } as const;
    const sealed = { secret: 'v1.box', accessKeyId: 'other', headers: 'third' };
    const part = {
      name: 'Main',
      model: 'gpt-4o',
      baseUrl: 'https://api.example/v1',
      origin: 'https://api.example',
      isDefault: true,
      isActive: false,
    };
    const id = await newConnection(database, userId, { owner, sealed, nowMs, ...part });
    const times = { created_at: 1_800_000_000, updated_at: 1_800_000_000 };
    const common = { id, name: 'Main', api_key: 'v1.box', ...times };
    expect(await viewOf('ai_connections', id)).toEqual([
      { ...common, base_url: 'https://api.example/v1', default_model: 'gpt-4o', is_default: 1 },
    ]);
    expect(await viewOf('ai_models', id)).toEqual([
      { ...common, api_url: 'https://api.example/v1', model_variant: 'gpt-4o', is_active: 0 },
    ]);
  });

  test('never hold null where the documents say not null, whatever is missing', async () => {
    const id = await newConnection(database, userId, { model: null, baseUrl: null, origin: 'https://api.openai.com', name: 'Bare', nowMs });
    expect(await viewOf('ai_connections', id)).toEqual([
      {
        id,
        name: 'Bare',
        base_url: 'https://api.openai.com',
        api_key: '',
        default_model: null,
        is_default: 0,
        created_at: 1_800_000_000,
        updated_at: 1_800_000_000,
      },
    ]);
  });

  test('ai_models holds the organization’s alone; ai_connections everybody’s', async () => {
    const id = await newConnection(database, userId);
    expect(await viewOf('ai_connections', id)).toHaveLength(1);
    expect(await viewOf('ai_models', id)).toEqual([]);
  });

  test('do not show what was deleted, and follow what was changed', async () => {
    const owner = { scope: 'organization', id: userId } as const;
    const id = await newConnection(database, userId, { owner });
    await changeConnection(database, id, { name: 'Renamed', model: 'next', isDefault: true, isActive: true });
    expect(await viewOf('ai_connections', id)).toMatchObject([{ name: 'Renamed', default_model: 'next', is_default: 1 }]);
    expect(await viewOf('ai_models', id)).toMatchObject([{ name: 'Renamed', model_variant: 'next', is_active: 1 }]);
    await change(database, deleteSteps(database, id, atMs));
    expect(await viewOf('ai_connections', id)).toEqual([]);
    expect(await viewOf('ai_models', id)).toEqual([]);
  });

  test('have text and integer columns', async () => {
    const owner = { scope: 'organization', id: ids.uuid() } as const;
    await newConnection(database, userId, { owner });
    for (const [view, columns] of Object.entries(views)) {
      const typeOf = (name: string): string => (engine === 'sqlite' ? `typeof(${name})` : `pg_typeof(${name})::text`);
      const asked = Object.keys(columns).map((name) => `${typeOf(name)} AS ${name}`);
      const [types] = await database.driver.rows<Record<string, string>>({
        sql: `SELECT ${asked.join(', ')} FROM ${view} WHERE ${view === 'ai_models' ? 'model_variant' : 'default_model'} IS NOT NULL`,
        params: [],
      });
      const house = (type: string): string =>
        /^(character varying|text)$/.test(type) ? 'text' : /^(bigint|integer)$/.test(type) ? 'integer' : type;
      expect(Object.fromEntries(Object.entries(types!).map(([name, type]) => [name, house(type)]))).toEqual(columns);
      const [first] = await database.driver.rows({ sql: `SELECT * FROM ${view} LIMIT 1`, params: [] });
      expect(Object.keys(first!)).toEqual(Object.keys(columns));
    }
  });

  test('at most one row of an owner has is_default 1 (R-285)', async () => {
    const owner = { scope: 'workspace', id: await newWorkspace(database) } as const;
    const id = await newConnection(database, userId, { owner, isDefault: true });
    await expect(newConnection(database, userId, { owner, isDefault: true })).rejects.toMatchObject({ name: 'UniqueViolation' });
    await change(database, deleteSteps(database, id, atMs));
    await change(database, deleteWorkspace(database, owner.id, atMs));
    expect(await viewOf('ai_connections', id)).toEqual([]);
  });
});

onBothEngines('ai_configurations', (bench) => {
  let database: Database;
  let userId: string;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    userId = await newPerson(database);
  });
  /** What a hand that knows only the documents' columns would write, and what this house needs besides. */
  const insert = async (part: Row = {}): Promise<Row> => {
    const name = ids.uuid();
    const row: Row = {
      user_id: userId,
      scope: 'user',
      owner_id: userId,
      name,
      name_key: name,
      provider: 'openai',
      origin: 'https://x',
      ...part,
    };
    const columns = Object.keys(row);
    const sql = `INSERT INTO ai_configurations (${columns.join(', ')}) VALUES (${columns.map((_, n) => `$${n + 1}`).join(', ')}) RETURNING *`;
    return (await database.driver.rows({ sql, params: Object.values(row) }, 'write'))[0]!;
  };

  test('gives a row its defaults: a random id, active, now, an empty configuration (R-068 to R-077)', async () => {
    const before = Date.now();
    const row = await insert();
    expect(row).toMatchObject({
      configuration: '{}',
      is_active: true,
      is_default: false,
      model: null,
      api_key_encrypted: null,
      base_url: null,
    });
    expect(row).toMatchObject({ last_tested_at: null, test_status: null, deleted_at: null, trust: 'member' });
    for (const column of ['created_at', 'updated_at']) {
      expect(row[column]).toBeGreaterThanOrEqual(before - 2_000);
      expect(row[column]).toBeLessThanOrEqual(Date.now() + 2_000);
    }
  });

  test('gives ids that cannot be enumerated: version 4, all different (R-079)', async () => {
    const rows = await Promise.all(Array.from({ length: 40 }, () => insert()));
    const made = rows.map(({ id }) => id as string);
    for (const id of made) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(made).size).toBe(40);
    expect(new Set(made.map((id) => id.slice(0, 8))).size).toBeGreaterThan(35);
  });

  test.each<[string, number]>([
    ['name', 255],
    ['provider', 100],
    ['model', 255],
    ['base_url', 500],
    ['test_status', 50],
  ])('%s takes as many characters as the documents say, and not one more', async (column, max) => {
    expect((await insert({ [column]: 'ä'.repeat(max) }))[column]).toBe('ä'.repeat(max));
    await expect(insert({ [column]: 'ä'.repeat(max + 1) })).rejects.toBeInstanceOf(StorageFault);
  });

  test.each(['user_id', 'name', 'provider', 'scope', 'owner_id', 'configuration', 'is_active', 'created_at', 'updated_at'])(
    '%s is never null',
    async (column) => {
      await expect(insert({ [column]: null })).rejects.toBeInstanceOf(StorageFault);
    },
  );

  test('user_id is a user (R-069)', async () => {
    await expect(insert({ user_id: ids.uuid() })).rejects.toBeInstanceOf(ForeignKeyViolation);
  });
});

onBothEngines('provider_usage', (bench) => {
  let database: Database;
  let connectionId: string;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    connectionId = await newConnection(database, await newPerson(database));
  });
  const insert = (part: Row): Promise<Row[]> => {
    const row: Row = { configuration_id: connectionId, ...part };
    const places = Object.keys(row).map((_, n) => `$${n + 1}`);
    const sql = `INSERT INTO provider_usage_days (${Object.keys(row).join(', ')}) VALUES (${places.join(', ')}) RETURNING id`;
    return database.driver.rows({ sql, params: Object.values(row) }, 'write');
  };

  test('has the documents’ columns and defaults: zeros, today and now (R-080 to R-084)', async () => {
    const before = Date.now();
    const [made] = await insert({});
    const [row] = await database.driver.rows({ sql: 'SELECT * FROM provider_usage WHERE id = $1', params: [made!['id']] });
    expect(Object.keys(row!)).toEqual([
      'id',
      'configuration_id',
      'request_count',
      'token_count',
      'cost_usd',
      'last_used_at',
      'period_start',
      'period_end',
    ]);
    expect(row).toMatchObject({ configuration_id: connectionId, request_count: 0, token_count: 0, cost_usd: 0 });
    // Today, which may have begun meanwhile.
    const days = [before, Date.now()].map((atMs) => new Date(atMs).toISOString().slice(0, 10));
    expect(days).toContain(row!['period_start']);
    expect(row!['period_end']).toBe(row!['period_start']);
    expect(Math.abs((row!['last_used_at'] as number) - Date.now())).toBeLessThan(60_000);
  });

  test.each([
    [1, 0.000_000_001],
    [1_500_000_000, 1.5],
    [123_456_789_012_345, 123_456.789_012_345],
    [9_007_199_254_740_991, 9_007_199.254_740_991],
  ])('%i nano-dollars are %d dollars, to more than six decimals (R-082)', async (cost, dollars) => {
    const [made] = await insert({ cost_nano_usd: cost, period_start: `2026-01-${String((cost % 27) + 1).padStart(2, '0')}` });
    const [row] = await database.driver.rows<{ cost_usd: number }>({
      sql: 'SELECT cost_usd FROM provider_usage WHERE id = $1',
      params: [made!['id']],
    });
    expect(row!.cost_usd).toBeCloseTo(dollars, 9);
  });

  test('has one row per configuration and period, of configurations that exist', async () => {
    await insert({ period_start: '2025-03-01' });
    await expect(insert({ period_start: '2025-03-01' })).rejects.toMatchObject({
      constraint: 'provider_usage_days_configuration_id_period_start_key',
    });
    await expect(insert({ configuration_id: ids.uuid() })).rejects.toBeInstanceOf(ForeignKeyViolation);
  });
});

onBothEngines('provider_templates', (bench) => {
  let database: Database;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
  });
  const insert = (
    provider: string,
    name: string,
    part: { description?: string; configuration?: object; isDefault?: boolean } = {},
  ): Promise<unknown> =>
    database.db
      .insertInto('provider_templates')
      .values({
        provider,
        name,
        description: part.description ?? null,
        configuration: JSON.stringify(part.configuration ?? {}),
        is_default: part.isDefault ?? false,
      })
      .execute();

  test('are listed by provider, the default first, then by name', async () => {
    await insert('openai', 'B');
    await insert('openai', 'Z', { isDefault: true, description: 'the usual', configuration: { temperature: 0.2 } });
    await insert('openai', 'A');
    await insert('groq', 'G');
    expect((await listTemplates(database, null)).map(({ providerId, name }) => `${providerId} ${name}`)).toEqual([
      'groq G',
      'openai Z',
      'openai A',
      'openai B',
    ]);
    expect((await listTemplates(database, 'openai'))[0]).toMatchObject({
      providerId: 'openai',
      name: 'Z',
      description: 'the usual',
      configuration: { temperature: 0.2 },
      isDefault: true,
    });
    expect(await listTemplates(database, 'nobody')).toEqual([]);
  });

  test('have at most one default per provider (R-087)', async () => {
    await insert('mistral', 'one', { isDefault: true });
    await insert('cohere', 'one', { isDefault: true });
    await expect(insert('mistral', 'two', { isDefault: true })).rejects.toMatchObject({ constraint: 'provider_templates_default' });
    await insert('mistral', 'two');
  });

  test('keep every text as it is, within the documents’ bounds (R-085, R-086)', async () => {
    for (const text of hostileTexts) {
      await insert(text, text, { description: text, configuration: { [text]: text } });
      expect(await listTemplates(database, text)).toMatchObject([
        { providerId: text, name: text, description: text, configuration: { [text]: text } },
      ]);
    }
    await expect(insert('p'.repeat(101), 'n')).rejects.toBeInstanceOf(StorageFault);
    await expect(insert('p', 'n'.repeat(256))).rejects.toBeInstanceOf(StorageFault);
    await expect(insert('', 'n')).rejects.toBeInstanceOf(StorageFault);
  });
});

onBothEngines('the views', (bench) => {
  let database: Database;
  let id: string;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    const owner = { scope: 'organization', id: await theOrganization(database) } as const;
    id = await newConnection(database, await newPerson(database), { owner, name: 'Kept', nowMs: atMs });
  });
  const table = (): Promise<Row[]> => database.driver.rows({ sql: 'SELECT * FROM ai_configurations ORDER BY id', params: [] });

  const writes = (['ai_connections', 'ai_models', 'provider_usage'] as const).flatMap((view) => {
    const column = view === 'provider_usage' ? 'request_count' : 'name';
    const value = view === 'provider_usage' ? '7' : "'taken'";
    return [
      `INSERT INTO ${view} (id, ${column}) VALUES ($1, ${value})`,
      `UPDATE ${view} SET ${column} = ${value} WHERE CAST(id AS TEXT) = $1`,
      `UPDATE ${view} SET ${column} = ${value} WHERE 1 = 0 AND CAST(id AS TEXT) = $1`,
      `DELETE FROM ${view} WHERE CAST(id AS TEXT) = $1`,
      `INSERT INTO ${view} SELECT * FROM ${view} WHERE CAST(id AS TEXT) = $1`,
    ];
  });
  test.each(writes)('are for reading alone, with a row or without (C-16): %s', async (sql) => {
    const before = await table();
    const refused = await database.driver.run({ sql, params: [id] }, 'write').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(StorageFault);
    expect((refused as StorageFault).message).toMatch(/cannot modify (ai_connections|ai_models|provider_usage) because it is a view/);
    expect(await table()).toEqual(before);
  });

  test('go on following their table', async () => {
    await changeConnection(database, id, { name: 'Changed' });
    for (const view of ['ai_connections', 'ai_models']) {
      expect(await database.driver.rows({ sql: `SELECT name FROM ${view} WHERE id = $1`, params: [id] })).toEqual([{ name: 'Changed' }]);
    }
  });
});
