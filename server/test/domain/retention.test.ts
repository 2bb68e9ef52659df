/** How long rows are kept: the environment's word before the saved one, that before the default, and each within its bounds. */
import { expect, test } from 'vitest';
import { retentionDaysOf, retentionNouns, retentionOf, retentionRules } from '../../src/domain/retention.ts';

test('every kind of rows has bounds around its default and a setting of its own', () => {
  const names = retentionNouns.map((noun) => retentionRules[noun].settingName);
  expect(new Set(names).size).toBe(retentionNouns.length);
  for (const noun of retentionNouns) {
    const { daysMin, daysDefault, daysMax, settingName } = retentionRules[noun];
    expect([daysMin <= daysDefault, daysDefault <= daysMax]).toEqual([true, true]);
    expect(settingName).toMatch(/^PATCHBAY_RETENTION_[A-Z_]+_DAYS$/);
  }
  // A month of budgets is always there, in every time zone.
  expect(retentionRules.requests.daysMin).toBeGreaterThan(32);
});

test('the environment goes before what is saved, and that before the default', () => {
  expect(retentionOf('tasks', { tasks: 3 }, { tasks: 9 })).toEqual({ days: 3, origin: 'environment' });
  expect(retentionOf('tasks', {}, { tasks: 9 })).toEqual({ days: 9, origin: 'saved' });
  expect(retentionOf('tasks', {}, {})).toEqual({ days: 30, origin: 'default' });
});

test('what the operator says is read by each name within its bounds', () => {
  const asked: [string, number, number][] = [];
  const days = retentionDaysOf((...one) => {
    asked.push(one);
    return one[0] === 'PATCHBAY_RETENTION_ALERTS_DAYS' ? 12 : null;
  });
  expect(days).toEqual({ alerts: 12 });
  expect(asked).toContainEqual(['PATCHBAY_RETENTION_REQUESTS_DAYS', 35, 3_650]);
});
