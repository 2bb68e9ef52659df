/** Typed queries for both engines: kysely with its PostgreSQL compiler everywhere; the driver turns `$1` into SQLite's `?1`. */
import {
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  SqliteIntrospector,
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver as KyselyDriver,
  type QueryResult,
} from 'kysely';
import type { AuditChain } from './audit-chain.ts';
import type { Driver, Lane, Statement } from './driver.ts';
import type { Schema } from './schema.ts';

export interface Database {
  driver: Driver;
  /** `execute()` sends selects to the read lane and everything else, each on its own, to the writer. */
  db: Kysely<Schema>;
  /** A query as a step of `driver.write`. */
  compile: (query: { compile(): CompiledQuery }, options?: { expectRows?: number; label?: string }) => Statement;
  /** Links every audit entry to the one before it. Set once, when the vault is open; a database whose chain has begun refuses entries without. */
  audit?: AuditChain;
}

/** How parameters are changed before they are bound; better-auth's Dates are the one case. */
export type Rewrite = (parameter: unknown) => unknown;

function laneOf(query: CompiledQuery): Lane {
  if (query.query.kind === 'SelectQueryNode') return 'read';
  if (query.query.kind !== 'RawNode') return 'write';
  return /^\s*(select|with|pragma|values|explain)\b/i.test(query.sql) && !/\b(insert|update|delete)\b/i.test(query.sql) ? 'read' : 'write';
}

const noTransactions = (): never => {
  throw new Error('a transaction is one call of driver.write: compile the statements and hand them over together');
};

/** One for all: each statement finds its own connection below. */
class LaneConnection implements DatabaseConnection {
  readonly #driver: Driver;
  readonly #rewrite: Rewrite | null;
  constructor(driver: Driver, rewrite: Rewrite | null) {
    this.#driver = driver;
    this.#rewrite = rewrite;
  }
  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const params = this.#rewrite === null ? query.parameters : query.parameters.map(this.#rewrite);
    const { rows, touched } = await this.#driver.run<R>({ sql: query.sql, params }, laneOf(query));
    const { kind } = query.query;
    const isChange = kind === 'InsertQueryNode' || kind === 'UpdateQueryNode' || kind === 'DeleteQueryNode';
    return isChange ? { rows, numAffectedRows: BigInt(touched) } : { rows };
  }
  streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('results are read in pages, not streamed');
  }
}

function dialectOf(driver: Driver, rewrite: Rewrite | null): Dialect {
  const connection = new LaneConnection(driver, rewrite);
  const kyselyDriver: KyselyDriver = {
    init: async () => undefined,
    acquireConnection: async () => connection,
    beginTransaction: noTransactions,
    commitTransaction: noTransactions,
    rollbackTransaction: noTransactions,
    releaseConnection: async () => undefined,
    destroy: async () => undefined,
  };
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => kyselyDriver,
    createIntrospector: (db) => (driver.engine === 'sqlite' ? new SqliteIntrospector(db) : new PostgresIntrospector(db)),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
}

/** A kysely instance on the driver's lanes. */
export const kyselyOn = <S>(driver: Driver, rewrite: Rewrite | null = null): Kysely<S> =>
  new Kysely<S>({ dialect: dialectOf(driver, rewrite) });

export function createDatabase(driver: Driver): Database {
  return {
    driver,
    db: kyselyOn<Schema>(driver),
    compile(query, options) {
      const { sql, parameters } = query.compile();
      return { sql, params: parameters, ...options };
    },
  };
}
