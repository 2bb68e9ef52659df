/** S3's statistics by day and by minute (D-15). */
import { aiStatsAnswer, aiStatsQuery, type AiStatsQuery, type AiStatsRow } from '@patchbay/contract/ai-stats';
import { aiStatsOf, type AiStatsAsked, type AiStatsHosted } from '../../control/ai-stats.ts';
import type { SeriesDeps } from '../../control/usage-series.ts';
import { isoOf } from '../../lib/iso-time.ts';
import { aiTypeOf } from '../../providers/catalog.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { ok, route, type Route } from '../kit/route.ts';

type Deps = SeriesDeps & PlaneDeps;

const fromSum = (sum: AiStatsHosted): AiStatsRow => ({
  timestamp: isoOf(sum.atMs),
  repoId: sum.repositoryId,
  aiLlmId: sum.connectionId,
  repoAiApiKeyId: sum.accessKeyId,
  userUuid: sum.userId,
  conversationUuid: null,
  llmType: aiTypeOf(sum.provider),
  llmModel: sum.model,
  host: sum.host,
  apiCalls: sum.requests,
  tokensIn: sum.tokensIn,
  tokensOut: sum.tokensOut,
  llmTokensIn: sum.llmTokensIn,
  llmTokensOut: sum.llmTokensOut,
  activeConversations: 0,
  policyViolations: sum.violations,
  numAlerts: sum.alerts,
  numBlocks: sum.blocks,
  numSeverityLow: sum.low,
  numSeverityMedium: sum.medium,
  numSeverityHigh: sum.high,
  latency_ms: sum.attempts === 0 ? null : Math.round(sum.latencyMsSum / sum.attempts),
});

const toAsked = (query: AiStatsQuery): AiStatsAsked => ({
  startDate: query.startDate,
  endDate: query.endDate,
  connectionIds: query.aiLlmId,
  accessKeyIds: query.repoAiApiKeyId,
  repositoryIds: query.repoId,
  hosts: query.hosts,
  types: query.llmType,
  models: query.llmModel,
  userIds: query.userUuid,
});

const access = 'signed-in';
const dialect = 'ai-llm';

export const routes: readonly Route<Deps>[] = [
  route({
    method: 'GET',
    path: '/aistats/daily',
    summary: 'Statistics per day of UTC, AI LLM, repository, key, model and person',
    access,
    dialect,
    query: aiStatsQuery,
    answers: { 200: aiStatsAnswer },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: Deps, { actor, origin, query }) {
      return ok({ success: true, data: (await aiStatsOf(deps, { actor, origin }, toAsked(query), 'day')).map(fromSum) });
    },
  }),
  route({
    method: 'GET',
    path: '/aistats/minute',
    summary: 'The same per minute, for at most a day',
    access,
    dialect,
    query: aiStatsQuery,
    answers: { 200: aiStatsAnswer },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: Deps, { actor, origin, query }) {
      return ok({ success: true, data: (await aiStatsOf(deps, { actor, origin }, toAsked(query), 'minute')).map(fromSum) });
    },
  }),
];
