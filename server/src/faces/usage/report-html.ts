/** The report as a page to print: no script, one style that its policy knows by hash, every value from outside escaped. */
import { createHash } from 'node:crypto';
import { translate, type Language } from '@patchbay/contract/translate';
import type { UsageReport, UsageReportRow } from '@patchbay/contract/usage-report';
import { reportStyle } from './report-style.ts';

/** Nothing is loaded and nothing runs; the one style is this file's. */
export const reportPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(reportStyle).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string): string => text.replace(/[&<>"']/g, (char) => entities[char]!);

const dash = '—';
const leastShownUsd = 0.000001;
/** Rows of one table on paper; the CSV has all of them. */
const rowsMax = 500;

interface Words {
  t: (key: string, values?: Record<string, string | number>) => string;
  count: (value: number) => string;
  share: (value: number) => string;
  /** All sums of one column have as many decimals as the smallest needs. */
  money: (column: readonly UsageReportRow[]) => (row: UsageReportRow) => string;
  moment: (iso: string) => string;
  day: (atMs: number) => string;
  date: (date: string) => string;
  ms: (value: number | null) => string;
}

function wordsOf(language: Language, zone: string): Words {
  const locale = language === 'id' ? 'id-ID' : 'en-US';
  const number = (options: Intl.NumberFormatOptions): ((value: number) => string) => {
    const format = new Intl.NumberFormat(locale, options);
    return (value) => format.format(value);
  };
  const time = (options: Intl.DateTimeFormatOptions): ((atMs: number) => string) => {
    const format = new Intl.DateTimeFormat(locale, options);
    return (atMs) => format.format(atMs);
  };
  const count = number({});
  const moment = time({ dateStyle: 'medium', timeStyle: 'short', timeZone: zone });
  const zoneName = new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName: 'short' });
  const dayOfDate = time({ dateStyle: 'medium', timeZone: 'UTC' });
  return {
    t: (key, values) => translate(language, `report.${key}`, values),
    count,
    share: number({ style: 'percent', maximumFractionDigits: 2 }),
    money(column) {
      const digits = column.some(({ costUSD }) => costUSD > 0 && costUSD < 1) ? 6 : 2;
      const format = number({ style: 'currency', currency: 'USD', minimumFractionDigits: digits, maximumFractionDigits: digits });
      return ({ costUSD, unpricedCount }) => {
        if (costUSD === 0 && unpricedCount > 0) return dash;
        return costUSD > 0 && costUSD < leastShownUsd ? `<${format(leastShownUsd)}` : format(costUSD);
      };
    },
    moment: (iso) => {
      const atMs = Date.parse(iso);
      const name = zoneName.formatToParts(atMs).find(({ type }) => type === 'timeZoneName')?.value ?? '';
      return `${moment(atMs)} ${name}`;
    },
    day: time({ dateStyle: 'medium', timeZone: zone }),
    date: (date) => dayOfDate(Date.parse(`${date}T00:00:00Z`)),
    ms: (value) => (value === null ? dash : `${count(value)} ms`),
  };
}

function tableOf(words: Words, title: string, rows: readonly UsageReportRow[], nameOf: (row: UsageReportRow) => string): string {
  const { t, count, share, ms } = words;
  if (rows.length === 0) return `<section><h2>${escaped(title)}</h2><p>${escaped(t('nothing'))}</p></section>`;
  const money = words.money(rows);
  const heads = ['requests', 'tokensIn', 'tokensOut', 'cost', 'errorRate', 'averageLatency'];
  const head = heads.map((key) => `<th scope="col">${escaped(t(key))}</th>`).join('');
  const lines = rows.slice(0, rowsMax).map((row) => {
    const cells = [
      count(row.requestCount),
      count(row.tokensIn),
      count(row.tokensOut),
      money(row),
      share(row.errorRate),
      ms(row.averageLatency),
    ];
    return `<tr><th scope="row">${escaped(nameOf(row))}</th>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`;
  });
  const more = rows.length > rowsMax ? `<p>${escaped(t('more', { count: rows.length - rowsMax }))}</p>` : '';
  return `<section><h2>${escaped(title)}</h2><table><thead><tr><th scope="col">${escaped(t('name'))}</th>${head}</tr></thead><tbody>
${lines.join('\n')}
</tbody></table>${more}</section>`;
}

function figuresOf(words: Words, { totals, times, violations }: UsageReport): string {
  const { t, count, share, ms } = words;
  const percentile = (found: { p50: number; p95: number; p99: number } | null): string =>
    found === null ? dash : [found.p50, found.p95, found.p99].map((value) => ms(value)).join(' / ');
  const estimated = totals.attemptCount === 0 ? 0 : totals.estimatedCount / totals.attemptCount;
  const figures: [string, string][] = [
    [t('cost'), words.money([totals])(totals)],
    [t('requests'), count(totals.requestCount)],
    [t('tokensIn'), count(totals.tokensIn)],
    [t('tokensOut'), count(totals.tokensOut)],
    [t('errorRate'), share(totals.errorRate)],
    [t('latency'), percentile(times.latencyMs)],
    [t('firstByte'), percentile(times.firstByteMs)],
    [
      t('saved'),
      words.money([{ ...totals, costUSD: Number(totals.saved), unpricedCount: 0 }])({
        ...totals,
        costUSD: Number(totals.saved),
        unpricedCount: 0,
      }),
    ],
    [t('estimated'), share(estimated)],
    [t('unknown'), count(totals.unknownCount)],
    [t('unpriced'), count(totals.unpricedCount)],
    [t('violations'), count(violations.violations)],
  ];
  return `<dl>${figures.map(([name, value]) => `<div><dt>${escaped(name)}</dt><dd>${escaped(value)}</dd></div>`).join('\n')}</dl>`;
}

/** A whole HTML document in the reader's language and the report's time zone. */
export function reportHtml(report: UsageReport, language: Language): string {
  const { period } = report;
  const words = wordsOf(language, period.timeZone);
  const { t } = words;
  const nameOf = (row: UsageReportRow): string => row.name ?? row.key ?? t('none');
  const days = t('period', {
    from: words.day(Date.parse(period.from)),
    // The end is the first moment that does not belong to it.
    to: words.day(Date.parse(period.to) - 1),
    zone: period.timeZone,
  });
  const notes = [
    ...(report.totals.unpricedCount > 0 ? [t('unpricedNote', { count: report.totals.unpricedCount })] : []),
    ...(report.times.untimed > 0 ? [t('untimedNote', { count: report.times.untimed })] : []),
    t('percentileNote'),
  ];
  return `<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(t('title'))}</title><style>${reportStyle}</style></head>
<body><main><h1>${escaped(t('title'))}</h1><p>${escaped(days)}</p><p class="quiet">${escaped(t('generated', { at: words.moment(report.generatedAt) }))}</p>
${figuresOf(words, report)}
${tableOf(words, t('byConfiguration'), report.byConfiguration, nameOf)}
${tableOf(words, t('byProvider'), report.byProvider, nameOf)}
${tableOf(words, t('byModel'), report.byModel, nameOf)}
${tableOf(words, t('byDay'), report.byDay, (row) => words.date(row.key ?? ''))}
${notes.map((note) => `<p class="quiet">${escaped(note)}</p>`).join('\n')}
</main></body></html>
`;
}
