/** What one of two files that run in one process finds, and what it leaves open on purpose. */
import { Client } from 'pg';
import { openHouse } from './house.ts';
import { available } from './parts.ts';
import { createDatabase } from './postgres.ts';

export interface Found {
  pid: number;
  /** How often this module was asked, since it came to be. */
  asked: number;
  /** What an earlier file wrote into the environment. */
  variable: string | null;
  /** Does the house that an earlier file opened still answer? */
  isEarlierHouseOpen: boolean;
  dataDir: string;
  /** Databases of tests on the server, once this file has its own. */
  databases: string[];
}

const key = Symbol.for('patchbay.earlier-house');
const place = globalThis as unknown as Record<symbol, string | undefined>;
const answers = (url: string): Promise<boolean> =>
  fetch(`${url}/healthz`).then(
    () => true,
    () => false,
  );
let asked = 0;

async function databasesOn(url: string): Promise<string[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ datname: string }>("select datname from pg_database where datname like 'test%'");
  await client.end();
  return rows.map(({ datname }) => datname);
}

export async function lookAround(): Promise<Found> {
  asked += 1;
  const earlier = place[key];
  const isEarlierHouseOpen = earlier !== undefined && (await answers(earlier));
  const databaseUrl = available('postgres') ? await createDatabase() : undefined;
  const house = await openHouse(databaseUrl === undefined ? {} : { databaseUrl });
  const variable = process.env['PATCHBAY_LEFT_BY_A_TEST'] ?? null;
  process.env['PATCHBAY_LEFT_BY_A_TEST'] = house.url;
  place[key] = house.url;
  if (!(await answers(house.url))) throw new Error('the house that was just opened does not answer');
  const databases = databaseUrl === undefined ? [] : await databasesOn(databaseUrl);
  return { pid: process.pid, asked, variable, isEarlierHouseOpen, dataDir: house.dataDir, databases };
}
