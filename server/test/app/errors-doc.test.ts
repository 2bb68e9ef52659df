/** docs/errors.md and the program name the same codes with the same statuses. */
import { readFileSync } from 'node:fs';
import { errorCodes } from '@patchbay/contract/errors';
import { describe, expect, test } from 'vitest';
import { UpstreamFailure, type Fault } from '../../src/domain/errors.ts';
import { ruleOf } from '../../src/domain/retry.ts';
import { errorOfFailure, refusalCodes, refuse } from '../../src/gateway/errors.ts';

const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
const [control = '', data = ''] = page.split('\n## The data plane\n');

interface Row {
  code: string;
  status: number;
  meaning: string;
  advice: string;
}

/** The rows of all tables of a part. */
const rowsOf = (part: string): Row[] =>
  [...part.matchAll(/^\| `([A-Za-z_]+)` \| (\d{3}) \| (.+?) \| (.+?) \|$/gm)].map(([, code = '', status, meaning = '', advice = '']) => ({
    code,
    status: Number(status),
    meaning,
    advice,
  }));

const statuses = (rows: readonly { code: string; status: number }[]): Record<string, number> =>
  Object.fromEntries(rows.map(({ code, status }) => [code, status]));

/** What `/v1` can answer: refusals of our own, and what a failure at the provider becomes. */
const dataPlane = [
  ...(Object.keys(ruleOf) as Fault[]).map((fault) => errorOfFailure(new UpstreamFailure(fault, 'failed'))),
  ...refusalCodes.map((code) => refuse(code).error),
];

describe('docs/errors.md', () => {
  test('has every code of the management API with its status, and no other', () => {
    const actual = Object.entries(errorCodes).map(([code, { status }]) => ({ code, status }));
    expect(statuses(rowsOf(control))).toEqual(statuses(actual));
  });

  test('has every code of the data plane with its status, and no other', () => {
    expect(statuses(rowsOf(data))).toEqual(statuses(dataPlane));
  });

  test('lists each code once, and a code has one status whatever led to it', () => {
    for (const part of [control, data]) {
      const codes = rowsOf(part).map(({ code }) => code);
      expect(codes).toEqual([...new Set(codes)]);
    }
    for (const { code, status } of dataPlane) expect([code, status]).toEqual([code, statuses(dataPlane)[code]]);
  });

  test('says of each code what it means and what to do', () => {
    const rows = [...rowsOf(control), ...rowsOf(data)];
    expect(rows.length).toBeGreaterThan(80);
    for (const { code, meaning, advice } of rows) expect([code, meaning.length > 10, advice.length > 5]).toEqual([code, true, true]);
    // Nothing that looks like a row escaped the reading above.
    expect(page.match(/^\| `/gm)).toHaveLength(rows.length);
  });
});
