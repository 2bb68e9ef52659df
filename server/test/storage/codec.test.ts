/** The pure parts of storage: which values may be bound, how placeholders and migrations are rewritten, what errors mean. */
import { describe, expect, test } from 'vitest';
import { checkedIdentifier, checkedParameters, toSqlitePlaceholders } from '../../src/storage/codec.ts';
import { translate } from '../../src/storage/dialect.ts';
import { StaleWrite, UnfitParameter } from '../../src/storage/errors.ts';
import { failureOf } from '../../src/storage/postgres/failures.ts';
import { errorOf } from '../../src/storage/sqlite/failures.ts';

describe('parameters', () => {
  test('fit values pass unchanged, as the same list', () => {
    const params = ['text', 1, -0.5, 2n ** 63n - 1n, -(2n ** 63n), true, false, null, new Uint8Array([1])];
    expect(checkedParameters(params)).toBe(params);
  });

  test.each([[new Date()], [undefined], [{}], [[]], [Symbol('s')], [NaN], [2 ** 53], [-(2n ** 63n) - 1n], ['\0'], [new Map()], [() => 0]])(
    '%s is refused by its place',
    (value) => {
      expect(() => checkedParameters(['fit', value])).toThrow(UnfitParameter);
      expect(() => checkedParameters(['fit', value])).toThrow(/^parameter \$2 /);
    },
  );

  test('a refusal never repeats the value', () => {
    expect(() => checkedParameters(['secret-value\0'])).not.toThrow(/secret-value/);
    expect(() => checkedParameters([{ key: 'secret-value' }])).not.toThrow(/secret-value/);
  });

  test.each(['users', 'usage_events', '_x1'])('%s is a plain name', (name) => {
    expect(checkedIdentifier(name)).toBe(name);
  });

  test.each(['', '1a', 'Users', 'a b', 'a"', 'a;--', 'a.b', 'ä'])('%j is not a plain name', (name) => {
    expect(() => checkedIdentifier(name)).toThrow(TypeError);
  });
});

describe('placeholders', () => {
  test.each([
    ['SELECT $1, $2', 'SELECT ?, ?', 2],
    ['SELECT $2, $1, $2', 'SELECT ?2, ?1, ?2', 2],
    ['SELECT $1, $2, $1', 'SELECT ?1, ?2, ?1', 2],
    ['SELECT $1, $3', 'SELECT ?1, ?3', 3],
    ['SELECT $12', 'SELECT ?12', 12],
    ["SELECT '$1', 'it''s $2', $1", "SELECT '$1', 'it''s $2', ?", 1],
    ['SELECT "a$1", $1', 'SELECT "a$1", ?', 1],
    ['SELECT 1 -- $9\n, $1', 'SELECT 1 -- $9\n, ?', 1],
    ['SELECT 1', 'SELECT 1', 0],
  ])('%s', (sql, expected, parameterCount) => {
    expect(toSqlitePlaceholders(sql)).toEqual({ sql: expected, parameterCount });
  });
});

describe("migrations in each engine's words", () => {
  const line = (sql: string, engine: 'sqlite' | 'postgres'): string => translate(sql, engine).replaceAll(/\s+/g, ' ').trim();

  test.each([
    ['id UUID PRIMARY KEY', 'id TEXT CHECK (length(id) = 36) PRIMARY KEY'],
    ['name VARCHAR(255) NOT NULL', 'name TEXT CHECK (length(name) <= 255) NOT NULL'],
    ['is_on BOOLEAN NOT NULL DEFAULT TRUE', 'is_on INT CHECK (is_on IN (0, 1)) NOT NULL DEFAULT TRUE'],
    ['n BIGINT', 'n INTEGER'],
    ['x DOUBLE PRECISION', 'x REAL'],
    ['SELECT CAST(x AS BIGINT), CAST(y AS DOUBLE PRECISION)', 'SELECT CAST(x AS INTEGER), CAST(y AS REAL)'],
    ['CREATE TABLE t (a TEXT) /*strict*/;', 'CREATE TABLE t (a TEXT) STRICT;'],
    ["CHECK (a IN ('BIGINT', 'UUID -- x', 'it''s /*strict*/'))", "CHECK (a IN ('BIGINT', 'UUID -- x', 'it''s /*strict*/'))"],
    ['a TEXT, -- a BOOLEAN, n BIGINT\nb TEXT', 'a TEXT, b TEXT'],
    ['updated_at bigint', 'updated_at bigint'],
  ])('%s becomes SQLite', (sql, expected) => {
    expect(line(sql, 'sqlite')).toBe(expected);
  });

  test.each(['id UUID PRIMARY KEY', 'name VARCHAR(255) NOT NULL', 'is_on BOOLEAN', 'n BIGINT', 'x DOUBLE PRECISION'])(
    '%s stays on PostgreSQL',
    (sql) => {
      expect(line(sql, 'postgres')).toBe(sql);
    },
  );

  test("default expressions are the engine's own on both", () => {
    for (const engine of ['sqlite', 'postgres'] as const) {
      expect(line('DEFAULT default_uuid(), DEFAULT default_now_ms(), DEFAULT default_today()', engine)).not.toMatch(
        /default_(uuid|now|today)/,
      );
    }
    expect(line('CREATE TABLE t (a TEXT) /*strict*/;', 'postgres')).toBe('CREATE TABLE t (a TEXT) ;');
  });
});

describe('what an error means', () => {
  const ofPostgres = (code: string | undefined, message = 'm', constraint?: string): Error =>
    failureOf(Object.assign(new Error(message), { code, constraint }));

  test.each([
    ['23505', 'UniqueViolation'],
    ['23503', 'ForeignKeyViolation'],
    ['40001', 'StorageBusy'],
    ['40P01', 'StorageBusy'],
    ['55P03', 'StorageBusy'],
    ['57014', 'StorageBusy'],
    ['57P01', 'StorageUnavailable'],
    ['08006', 'StorageUnavailable'],
    ['08P01', 'StorageFault'],
    ['53100', 'StorageUnavailable'],
    ['53300', 'StorageUnavailable'],
    ['25006', 'StorageUnavailable'],
    ['ECONNREFUSED', 'StorageUnavailable'],
    ['ECONNRESET', 'StorageUnavailable'],
    ['22P02', 'StorageFault'],
    ['23514', 'StorageFault'],
    ['42P01', 'StorageFault'],
  ])('PostgreSQL %s is %s', (code, name) => {
    expect(ofPostgres(code).name).toBe(name);
  });

  test.each([
    'Connection terminated unexpectedly',
    'timeout exceeded when trying to connect',
    'Query read timeout',
    'Client was closed and is not queryable',
  ])('pg\'s own "%s" is StorageUnavailable', (message) => {
    expect(ofPostgres(undefined, message).name).toBe('StorageUnavailable');
  });

  test.each([
    ['usage_events_default_pkey', 'usage_events_pkey'],
    ['usage_events_m202611_pkey', 'usage_events_pkey'],
    ['workspaces_name', 'workspaces_name'],
  ])('the constraint %s is called %s', (found, name) => {
    expect(ofPostgres('23505', 'm', found)).toMatchObject({ constraint: name });
  });

  test('our own errors pass through unchanged', () => {
    const stale = new StaleWrite('label', 3);
    expect(failureOf(stale)).toBe(stale);
  });

  test.each([
    [5, 'StorageBusy'],
    [261, 'StorageBusy'],
    [6, 'StorageBusy'],
    [787, 'ForeignKeyViolation'],
    [13, 'StorageUnavailable'],
    [1802, 'StorageUnavailable'],
    [11, 'StorageUnavailable'],
    [14, 'StorageUnavailable'],
    [275, 'StorageFault'],
    [1299, 'StorageFault'],
    [1, 'StorageFault'],
  ])('SQLite %d is %s', (code, name) => {
    expect(errorOf({ kind: 'sqlite', code, message: 'm', constraint: null }).name).toBe(name);
  });

  test.each([1555, 2067, 2579])('SQLite %d names what was violated', (code) => {
    expect(errorOf({ kind: 'sqlite', code, message: 'm', constraint: 'users_email_key' })).toMatchObject({
      name: 'UniqueViolation',
      constraint: 'users_email_key',
    });
  });
});
