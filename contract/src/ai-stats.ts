/** S3's statistics over time: one row per day or minute and whoever used what (D-15). Lists are divided by commas, or the name is repeated. */
import { z } from 'zod';
import { isoTime } from './paging.ts';
import { plainText } from './text.ts';

const valuesMax = 100;
const text = plainText(1, 2_000);
const partsOf = (value: string): string[] => value.split(',').map((part) => part.trim()).filter((part) => part !== ''); // prettier-ignore

const commaList = z
  .union([text, z.array(text).max(valuesMax)])
  .transform((value) => (Array.isArray(value) ? value.flatMap(partsOf) : partsOf(value)))
  .refine((values) => values.length <= valuesMax, { message: `at most ${valuesMax} values` })
  .optional();
const idList = z
  .union([text, z.array(text).max(valuesMax)])
  .transform((value) => (Array.isArray(value) ? value.flatMap(partsOf) : partsOf(value)).map((id) => id.toLowerCase()))
  .refine((values) => values.length <= valuesMax, { message: `at most ${valuesMax} values` })
  .optional();

const moment = z.iso.datetime({ offset: true }).or(z.iso.date()).optional();

export const aiStatsQuery = z.strictObject({
  /** A date of UTC, or a point in time; both ends belong to the range. */
  startDate: moment,
  endDate: moment,
  /** Any of these three may fit. */
  repoId: idList,
  aiLlmId: idList,
  repoAiApiKeyId: idList,
  /** What fits must also fit these. */
  hosts: commaList,
  llmType: commaList,
  llmModel: commaList,
  userUuid: idList,
});
export type AiStatsQuery = z.output<typeof aiStatsQuery>;

export const aiStatsRow = z.object({
  timestamp: isoTime,
  repoId: z.string().nullable(),
  aiLlmId: z.string().nullable(),
  repoAiApiKeyId: z.string().nullable(),
  userUuid: z.string().nullable(),
  /** Conversations are chats of the house, which are nobody's statistics. */
  conversationUuid: z.null(),
  llmType: z.string(),
  llmModel: z.string(),
  host: z.string().nullable(),
  apiCalls: z.number(),
  tokensIn: z.number(),
  tokensOut: z.number(),
  /** With what judges of policies and health checks used. */
  llmTokensIn: z.number(),
  llmTokensOut: z.number(),
  activeConversations: z.number(),
  policyViolations: z.number(),
  numAlerts: z.number(),
  numBlocks: z.number(),
  numSeverityLow: z.number(),
  numSeverityMedium: z.number(),
  numSeverityHigh: z.number(),
  /** The average of a whole answer; null where nothing was answered. */
  latency_ms: z.number().nullable(),
});
export type AiStatsRow = z.output<typeof aiStatsRow>;
export const aiStatsAnswer = z.object({ success: z.literal(true), data: z.array(aiStatsRow) });
