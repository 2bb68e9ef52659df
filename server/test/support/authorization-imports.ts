/** Rows of the authorization table for providers' usage exports and the system: what is everybody's is administrators' alone. */
import { takeImport } from '../../src/control/usage-imports.ts';
import { caller, house, person, random, type Make, type Row, type Rule } from './authorization.ts';
import { until } from './wait.ts';

const administratorsAlone: Rule = (subject) => (subject === 'administrator' ? 200 : 403);
const ofImport =
  (status: number): Rule =>
  (subject, kind) => {
    if (subject !== 'administrator') return 403;
    return kind === 'random' ? 404 : status;
  };

let made = 0;
/** One file, whoever asks for it; a file of its own each time, because the same one is taken once. */
const makeImport: Make = async (kind) => {
  if (kind === 'random') return random();
  if (kind !== 'own') return null;
  const text = `usage_date_utc,model_version,usage_input_tokens_no_cache,usage_output_tokens\n2026-03-22,claude-${made++},1,1\n`;
  const taken = await takeImport(house.deps, caller(person('administrator')), { name: 'a.csv', pieces: pieces(text) });
  // Read to its end, so that what is asked of it has an answer.
  const stateOf = house.database.db.selectFrom('usage_imports').select('state').where('id', '=', taken.row.id);
  await until(async () => (await stateOf.executeTakeFirst())?.state === 'ready', 'the file is read');
  return { id: taken.row.id };
};

async function* pieces(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

export const importTable: Record<string, Row> = {
  'GET /api/usage-imports': { rule: administratorsAlone },
  // Without a file there is nothing to take in.
  'POST /api/usage-imports': { rule: (subject) => (subject === 'administrator' ? 400 : 403), query: () => '?fileName=a.csv' },
  'GET /api/usage-imports/:id': { rule: ofImport(200), make: makeImport },
  'PUT /api/usage-imports/:id/keys': { rule: ofImport(200), make: makeImport, body: () => ({ keys: {} }) },
  'GET /api/usage-imports/:id/reconciliation': { rule: ofImport(200), make: makeImport },
  'GET /api/admin/system': { rule: administratorsAlone },
  // The key of the house under test lies in its data directory.
  'POST /api/admin/system/re-encrypt': { rule: (subject) => (subject === 'administrator' ? 202 : 403), body: () => ({}) },
  'DELETE /api/usage-imports/:id': { rule: ofImport(200), make: makeImport },
};
