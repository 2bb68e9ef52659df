/** The names of OpenTelemetry's conventions for generative AI that we use, and what of ours is what of theirs. Source: opentelemetry.io/docs/specs/semconv/gen-ai, as of `@opentelemetry/semantic-conventions` 1.45. They are still marked as incubating, so the few are copied. */
import type { Intent, RefusedRequest } from '../domain/ledger.ts';

export const named = {
  operation: 'gen_ai.operation.name',
  provider: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  responseModel: 'gen_ai.response.model',
  isStream: 'gen_ai.request.stream',
  finishReasons: 'gen_ai.response.finish_reasons',
  firstChunkS: 'gen_ai.response.time_to_first_chunk',
  tokensIn: 'gen_ai.usage.input_tokens',
  tokensOut: 'gen_ai.usage.output_tokens',
  tokensCached: 'gen_ai.usage.cache_read.input_tokens',
  tokensCacheWrite: 'gen_ai.usage.cache_creation.input_tokens',
  tokensReasoning: 'gen_ai.usage.reasoning.output_tokens',
  tokenType: 'gen_ai.token.type',
  error: 'error.type',
  status: 'http.response.status_code',
} as const;

/** What no convention has a name for. Ids alone: names of people, keys and connections stay in the house. */
export const ours = {
  requestId: 'patchbay.request.id',
  attempt: 'patchbay.attempt',
  face: 'patchbay.face',
  purpose: 'patchbay.purpose',
  connectionId: 'patchbay.connection.id',
  groupId: 'patchbay.routing_group.id',
  costUsd: 'patchbay.cost.usd',
  savedUsd: 'patchbay.saved.usd',
  isEstimated: 'patchbay.usage.is_estimated',
  revision: 'patchbay.config.revision',
} as const;

export const metricNames = {
  duration: 'gen_ai.client.operation.duration',
  firstChunk: 'gen_ai.client.operation.time_to_first_chunk',
  tokens: 'gen_ai.client.token.usage',
  cost: 'patchbay.cost',
} as const;

/** Bounds of the buckets that the convention recommends: seconds, and tokens. */
export const durationBoundsS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
export const tokenBounds = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864];

/** Providers that the convention has a name for; any other is called as it is here. */
const providerNames: Readonly<Record<string, string>> = {
  gemini: 'gcp.gemini',
  vertex: 'gcp.vertex_ai',
  'azure-openai': 'azure.ai.openai',
  bedrock: 'aws.bedrock',
  mistral: 'mistral_ai',
  xai: 'x_ai',
};
export const providerNameOf = (provider: string): string => providerNames[provider] ?? provider;

const operationNames: Readonly<Record<string, string>> = {
  'openai.completions': 'text_completion',
  'openai.embeddings': 'embeddings',
  'openai.rerank': 'retrieval',
};
/** What kind of work it is: a chat, whichever wire it came on, unless its face or its purpose says otherwise. */
export function operationNameOf({ face, purpose }: Pick<Intent | RefusedRequest, 'face' | 'purpose'>): string {
  if (purpose === 'models') return 'list_models';
  const known = operationNames[face];
  if (known !== undefined) return known;
  const kind = /^openai\.((?:images|audio|moderations).*)$/.exec(face);
  return kind ? kind[1]!.replaceAll('.', '_') : 'chat';
}
