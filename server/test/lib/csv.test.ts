/** Lines for spreadsheets: read back as they were written, and never calculated. */
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { csvLine } from '../../src/lib/csv.ts';

test.each([[['plain', 1, true, null]], [['a,b', 'say "no"', 'two\nlines', 'carriage\rreturn']], [['', ' ', 'ünïcödé', '☃']]])(
  '%j comes back as it was',
  (values) => {
    const [read] = parse(csvLine(values), { relax_column_count: true, record_delimiter: '\r\n' });
    expect(read).toEqual(values.map((value) => (value === null ? '' : String(value))));
  },
);

test.each(['=1+1', '+1,2', '-cmd|x', '@SUM(A1)', '\t=1', '\r=1', '＝1', '＋1', '－1', '＠x'])('%j is a text and no formula', (value) => {
  const [read] = parse(csvLine([value]), { record_delimiter: '\r\n' });
  expect(read).toEqual([`'${value}`]);
});

test('a number stays a number, also below zero', () => {
  expect(csvLine([-5, -0.25, '-12.5', '0.000001'])).toBe('-5,-0.25,-12.5,0.000001\r\n');
});
