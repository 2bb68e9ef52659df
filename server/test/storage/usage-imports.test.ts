/** Usage exports at rest, on both engines: lines are written once, days add up, and a file that was refused leaves nothing behind. */
import { expect, test } from 'vitest';
import { noFigures } from '../../src/domain/reconciliation.ts';
import type { ExportLine } from '../../src/domain/usage-export.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createIds } from '../../src/lib/ids.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { UniqueViolation } from '../../src/storage/errors.ts';
import {
  deleteImportStep,
  endImport,
  findImport,
  importOfFile,
  insertImportStep,
  keyNamesOf,
  listImports,
  ourDays,
  refuseImport,
  setKeyMapStep,
  setTask,
  theirDays,
  writeLines,
} from '../../src/storage/usage-imports.ts';
import { onBothEngines } from './engines.ts';

const ids = createIds(systemClock);
const dayMs = 86_400_000;
const dayAt = Date.parse('2026-10-01T00:00:00Z');

onBothEngines('usage imports', (bench) => {
  const open = async (): Promise<Database> => createDatabase(await bench.open({ isMigrated: true }));

  async function begin(database: Database, fileHash = ids.uuid()): Promise<string> {
    const id = ids.uuid();
    const row = {
      id,
      provider: '',
      format: '',
      measure: 'tokens' as const,
      fileName: 'usage.csv',
      fileHash,
      fileBytes: 10,
      state: 'reading' as const,
      keyMap: {},
      taskId: null,
      createdBy: { id: ids.uuid(), name: 'Ada' },
      createdAtMs: 1,
    };
    await database.driver.write([insertImportStep(database, row)]);
    return id;
  }

  const line = (lineNo: number, over: Partial<ExportLine> = {}): ExportLine & { lineNo: number } => ({
    ...noFigures,
    lineNo,
    fromMs: dayAt,
    toMs: dayAt + dayMs,
    keyName: 'key_a',
    model: 'gpt-4o',
    isBatch: false,
    tokensIn: 10,
    ...over,
  });

  test('a line that is written twice counts once, and hours add up to their day of UTC', async () => {
    const database = await open();
    const id = await begin(database);
    await writeLines(database, id, [line(2), line(3, { fromMs: dayAt + 3_600_000 })]);
    await writeLines(database, id, [
      line(3, { tokensIn: 999 }),
      line(4, { fromMs: dayAt + dayMs - 1, isBatch: true }),
      line(5, { fromMs: dayAt + dayMs }),
    ]);
    await writeLines(database, id, []);
    expect((await theirDays(database, id)).map((day) => [day.dayMs, day.isBatch, day.tokensIn])).toEqual([
      [dayAt, false, 20],
      [dayAt, true, 10],
      [dayAt + dayMs, false, 10],
    ]);
    expect(await keyNamesOf(database, id, 10)).toEqual(['key_a']);
  });

  test('the same file is one row; one that was refused may come again, and has no lines', async () => {
    const database = await open();
    const id = await begin(database, 'a hash');
    await expect(begin(database, 'a hash')).rejects.toThrow(UniqueViolation);
    await writeLines(database, id, [line(2)]);
    await refuseImport(database, id, { code: 'number', line: 3, column: 'input_tokens' });
    expect(await findImport(database, id)).toMatchObject({ state: 'refused', fault: { code: 'number', line: 3, column: 'input_tokens' } });
    expect(await theirDays(database, id)).toEqual([]);
    expect(await importOfFile(database, 'a hash')).toBeUndefined();
    await begin(database, 'a hash');
    expect(await listImports(database)).toHaveLength(2);
  });

  test('what was read is told as it is, and deleting it takes its lines', async () => {
    const database = await open();
    const id = await begin(database);
    await writeLines(database, id, [line(2)]);
    await setTask(database, id, id);
    const read = {
      provider: 'openai',
      format: 'openai-usage',
      measure: 'tokens',
      lines: 1,
      fromMs: dayAt,
      toMs: dayAt + dayMs,
      keyMap: { key_a: id },
    } as const;
    await endImport(database, id, read);
    expect(await findImport(database, id)).toMatchObject({ ...read, state: 'ready', taskId: id });
    await database.driver.write([setKeyMapStep(database, id, { ключ: id })]);
    expect((await findImport(database, id))?.keyMap).toEqual({ ключ: id });
    await database.driver.write([deleteImportStep(database, id)]);
    expect(await findImport(database, id)).toBeUndefined();
    expect(await theirDays(database, id)).toEqual([]);
  });

  test('our side is the days of one provider by connection and model, whatever key, person or purpose', async () => {
    const database = await open();
    const connectionId = ids.uuid();
    const dimension = (id: number, over: Record<string, unknown> = {}) => ({
      id,
      hash: String(id),
      connection_id: connectionId,
      provider: 'openai',
      model: 'gpt-4o',
      purpose: 'completion',
      access_key_id: null,
      user_id: null,
      workspace_id: null,
      repository_id: null,
      use_case_id: null,
      ...over,
    });
    const dimensions = [
      dimension(1),
      dimension(2, { purpose: 'probe' }),
      dimension(3, { provider: 'groq' }),
      dimension(4, { connection_id: null }),
      dimension(5, { model: 'o3' }),
    ];
    await database.db.insertInto('usage_dimensions').values(dimensions).execute();
    const sum = (dimensionId: number, bucket: number) => ({
      bucket,
      dimension_id: dimensionId,
      shard: 0,
      attempts: 3,
      failures: 1,
      tokens_in: 100,
      tokens_out: 7,
      cost_nano_usd: 9,
      unknowns: 1,
    });
    const rows = [...[1, 2, 3, 4, 5].map((id) => sum(id, dayAt)), sum(1, dayAt - dayMs), sum(1, dayAt + dayMs)];
    await database.db.insertInto('usage_days').values(rows).execute();
    expect(await ourDays(database, 'openai', dayAt, dayAt + dayMs)).toEqual([
      {
        dayMs: dayAt,
        connectionId,
        model: 'gpt-4o',
        requests: 4,
        tokensIn: 200,
        tokensCached: 0,
        tokensCacheWrite: 0,
        tokensOut: 14,
        costNanoUsd: 18,
        unknowns: 2,
        estimated: 0,
        unpriced: 0,
      },
      {
        dayMs: dayAt,
        connectionId,
        model: 'o3',
        requests: 2,
        tokensIn: 100,
        tokensCached: 0,
        tokensCacheWrite: 0,
        tokensOut: 7,
        costNanoUsd: 9,
        unknowns: 1,
        estimated: 0,
        unpriced: 0,
      },
    ]);
  });
});
