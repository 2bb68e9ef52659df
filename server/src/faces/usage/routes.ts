/** What was used and what it cost: sums of groups, usage over time, and the report of a period. */
import { isReportPage, reportFilePath } from '@patchbay/contract/report-page';
import { usageAnswer, usageQuery } from '@patchbay/contract/usage';
import { reportAnswer, reportFileQuery, reportQuery, seriesAnswer, seriesQuery } from '@patchbay/contract/usage-report';
import { z } from 'zod';
import { generateUsageReport } from '../../control/usage-report.ts';
import { seriesOf, type SeriesDeps } from '../../control/usage-series.ts';
import { usageOf } from '../../control/usage.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { ok, route, type Route } from '../kit/route.ts';
import { fromSeries, fromUsage } from './dialect.ts';
import { reportCsv } from './report-csv.ts';
import { reportHtml, reportPolicy } from './report-html.ts';

export type UsageFaceDeps = SeriesDeps & PlaneDeps;

const access = 'signed-in';

export const routes: readonly Route<UsageFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/api/usage',
    summary: 'Usage and cost by group or by day',
    access,
    query: usageQuery,
    answers: { 200: usageAnswer },
    statuses: [200, 400, 401],
    async handle(deps: UsageFaceDeps, { actor, query }) {
      return ok({ success: true, data: (await usageOf(deps, actor, query)).map(fromUsage) });
    },
  }),
  route({
    method: 'GET',
    path: '/api/usage/series',
    summary: 'Usage over time with totals, percentiles and the period before',
    access,
    query: seriesQuery,
    answers: { 200: seriesAnswer },
    statuses: [200, 400, 401],
    async handle(deps: UsageFaceDeps, { actor, query }) {
      return ok({ success: true, data: fromSeries(await seriesOf(deps, actor, query)) });
    },
  }),
  route({
    method: 'GET',
    path: '/api/usage/report',
    summary: 'The report of a period: totals, and by configuration, provider, model and day',
    access,
    query: reportQuery,
    answers: { 200: reportAnswer },
    statuses: [200, 400, 401],
    async handle(deps: UsageFaceDeps, { actor, query }) {
      return ok({ success: true, data: await generateUsageReport(deps, actor, query) });
    },
  }),
  route({
    method: 'GET',
    path: reportFilePath,
    summary: 'The report of a period as CSV, or as a page to print in the language of the caller',
    access,
    query: reportFileQuery,
    answers: { 200: z.string() },
    gives: ['text/csv', 'text/html'],
    isPage: isReportPage,
    statuses: [200, 303, 400, 401],
    async handle(deps: UsageFaceDeps, { actor, query, request, reply }) {
      const { format, ...asked } = query;
      const report = await generateUsageReport(deps, actor, asked);
      if (format === 'html') {
        reply.header('content-security-policy', reportPolicy).type('text/html; charset=utf-8');
        return ok(reportHtml(report, request.language));
      }
      const name = `usage-${report.period.from.slice(0, 10)}-${report.period.to.slice(0, 10)}.csv`;
      reply.header('content-disposition', `attachment; filename="${name}"`).type('text/csv; charset=utf-8');
      return ok(reportCsv(report));
    },
  }),
];
