/** Columns of sound cost nothing where there is none: rows without it are written as they were before there were such columns. */
import { describe, expect, test } from 'vitest';
import { noTokens, type TokenUsage } from '../../src/domain/ledger.ts';
import type { InsertMany, Statement } from '../../src/storage/driver.ts';
import { intentRow, settledRow, type LedgerRow } from '../../src/storage/ledger-rows.ts';
import { freshRowsSteps, settledSteps } from '../../src/storage/ledger-steps.ts';
import { ids, intentOf, settlementOf } from './ledger-records.ts';

const silent: TokenUsage = { ...noTokens, tokensIn: 10, tokensOut: 4, tokensCached: 2 };
const heard: TokenUsage = { ...silent, tokensAudioIn: 5, tokensAudioCached: 1 };

function rowOf(usage: TokenUsage): LedgerRow {
  const intent = intentOf();
  return settledRow(intentRow(ids.uuid(), 1, intent), settlementOf(intent, { usage }));
}
const soundIn = (names: readonly string[]): string[] => names.filter((name) => name.includes('audio'));
const all = ['tokens_audio_in', 'tokens_audio_out', 'tokens_audio_cached'];

describe.each(['sqlite', 'postgres'] as const)('%s', (engine) => {
  test('new rows say what is said of sound, and nothing where nothing is', () => {
    const columnsOf = (...rows: LedgerRow[]): string[] => freshRowsSteps(rows, engine, 'fresh').flatMap(({ columns }) => soundIn(columns));
    expect(columnsOf(rowOf(silent), rowOf(silent))).toEqual([]);
    expect(columnsOf(rowOf(silent), rowOf(heard))).toEqual(['tokens_audio_in', 'tokens_audio_cached']);
  });
});

test('rows that are settled later say it too, on both engines', () => {
  const update = (row: LedgerRow): Statement => settledSteps([row], 'sqlite')[0] as Statement;
  expect(update(rowOf(silent)).sql).not.toContain('audio');
  expect(all.every((name) => update(rowOf(heard)).sql.includes(name))).toBe(true);
  expect(update(rowOf(heard)).params).toHaveLength(update(rowOf(silent)).params.length + all.length);

  const insert = (...rows: LedgerRow[]): InsertMany => settledSteps(rows, 'postgres')[0] as InsertMany;
  const [quiet, loud] = [insert(rowOf(silent)), insert(rowOf(silent), rowOf(heard))];
  expect([soundIn(quiet.columns), quiet.onConflict?.includes('audio')]).toEqual([[], false]);
  expect([soundIn(loud.columns), loud.onConflict?.includes('audio')]).toEqual([all, true]);
  for (const { columns, rows } of [quiet, loud]) for (const row of rows) expect(row).toHaveLength(columns.length);
});
