/** Every alert message in both languages and three time zones, kept beside this file and read by eye. */
import { describe, expect, test } from 'vitest';
import type { Alert, AlertDetails, AlertKind } from '../../src/domain/alert.ts';
import { durationText, textOf, timeText, type AlertMessage } from '../../src/domain/alert-text.ts';
import { plainText } from '../../src/domain/alert-payload.ts';

const atMs = Date.UTC(2026, 10, 21, 16, 45);
const details: Record<string, [AlertKind, AlertDetails]> = {
  'does not answer': ['connection-failing', { subject: 'chat-main', reason: 'failing' }],
  'no quota': ['connection-failing', { subject: 'chat-main', reason: 'quota' }],
  'refused key': ['connection-failing', { subject: 'chat-main', reason: 'auth' }],
  'error rate': ['error-rate', { subject: 'chat-main', value: 34.56, limit: 20, windowS: 300 }],
  latency: ['latency', { subject: 'chat-main', value: 12_340, limit: 10_000, windowS: 900 }],
  'spending of a day': ['spend', { subject: '', value: 1_234_500_000_000, limit: 1_000_000_000_000, period: 'day' }],
  'spending of a month on one connection': [
    'spend',
    { subject: 'chat-main', value: 12_500_000_000, limit: 10_000_000_000, period: 'month' },
  ],
  'a jump': ['spike', { subject: '', value: 7.26, limit: 5 }],
  'a jump of one connection': ['spike', { subject: 'chat-main', value: 7, limit: 5 }],
  'a budget': ['budget', { subject: 'Sari', value: 92.4, limit: 80, period: 'month' }],
  'an old key': ['key-age', { subject: 'chat-main', value: 201, limit: 180 }],
  'a price': ['price-band', { subject: 'openai/gpt-4o' }],
  'one unknown outcome': ['ledger-unknown', { subject: '', value: 1, limit: 1, windowS: 86_400 }],
  'unknown outcomes': ['ledger-unknown', { subject: '', value: 1200, limit: 1, windowS: 86_400 }],
  'policy violations': ['policy', { subject: 'No personal data', value: 12, limit: 10, windowS: 900 }],
  'a full disk': ['disk', { subject: 'gateway-1', value: 4.2, limit: 10 }],
  'a database that is away': ['database', { subject: 'gateway-1', reason: 'away', value: 0, limit: 1000 }],
  'a slow database': ['database', { subject: 'gateway-1', reason: 'slow', value: 2400, limit: 1000 }],
};

const alertOf = (kind: AlertKind, of: AlertDetails, part: Partial<Alert> = {}): Alert => ({
  id: '01aa0000-0000-7000-8000-000000000000',
  atMs,
  ruleId: '01aa0000-0000-7000-8000-000000000001',
  ruleName: null,
  kind,
  severity: 'critical',
  dedupKey: '',
  details: of,
  owner: { scope: 'organization', id: '01aa0000-0000-7000-8000-000000000002' },
  connectionId: null,
  acknowledgedAtMs: null,
  acknowledgedBy: null,
  note: null,
  notifiedAtMs: null,
  resolvedAtMs: null,
  resolvedBy: null,
  updatedAtMs: atMs,
  ...part,
});
const url = 'https://patchbay.example.org/alerts';
const readers = [
  { language: 'en', timeZone: 'UTC' },
  { language: 'id', timeZone: 'Asia/Jakarta' },
  { language: 'en', timeZone: 'America/New_York' },
  { language: 'id', timeZone: 'UTC' },
  { language: 'en', timeZone: 'Asia/Jakarta' },
  { language: 'id', timeZone: 'America/New_York' },
] as const;
const told = (message: AlertMessage): string =>
  readers.map((reader) => `[${reader.language} ${reader.timeZone}]\n${plainText(textOf(message, reader))}`).join('\n\n');

describe('the message of', () => {
  test.each(Object.entries(details))('%s', (_, [kind, of]) => {
    const alert = alertOf(kind, of, { severity: 'warning', ruleName: kind === 'latency' ? 'Slow answers' : null });
    expect(told({ event: 'firing', alert, atMs, url })).toMatchSnapshot();
  });
  test('something that goes on, something that is over, and a test', () => {
    const alert = alertOf('error-rate', details['error rate']![1]);
    const later = atMs + 7_440_000;
    expect(told({ event: 'repeated', alert, atMs: later, url })).toMatchSnapshot('repeated');
    expect(told({ event: 'resolved', alert: { ...alert, resolvedAtMs: later }, atMs: later, url })).toMatchSnapshot('resolved');
    expect(told({ event: 'test', alert: null, atMs, url })).toMatchSnapshot('test');
  });
});

test('a time is that of the reader’s zone, also across the border of a day and in summer', () => {
  expect(timeText(atMs, { language: 'id', timeZone: 'Asia/Jakarta' })).toContain('21 Nov 2026');
  expect(timeText(atMs + 3_600_000, { language: 'id', timeZone: 'Asia/Jakarta' })).toContain('22 Nov 2026');
  expect(timeText(Date.UTC(2026, 6, 1, 12), { language: 'en', timeZone: 'America/New_York' })).toMatch(/08:00/);
});

test.each([
  [0, '0 seconds', '0 detik'],
  [59_400, '59 seconds', '59 detik'],
  [300_000, '5 minutes', '5 menit'],
  [7_440_000, '2 hours 4 minutes', '2 jam 4 menit'],
  [90_000_000, '1 day 1 hour', '1 hari 1 jam'],
])('%i ms are %s, %s', (ms, english, indonesian) => {
  expect([durationText(ms, 'en'), durationText(ms, 'id')]).toEqual([english, indonesian]);
});
