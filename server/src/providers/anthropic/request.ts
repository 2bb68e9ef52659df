/** A request of the house as Anthropic's Messages request; what cannot be said there is named in the changes. */
import type { ChatRequest } from '../../domain/chat.ts';
import type { ConnectionSettings } from '../../domain/connection.ts';
import type { Change } from '../../domain/ledger.ts';
import { withDefaults } from '../defaults.ts';
import { modelLimitOf } from '../model-limits.ts';
import type { Destination } from '../protocol.ts';
import { isRecord, text, type Json } from '../shape.ts';
import { conversationOf } from './messages.ts';
import { putFormat, putTools } from './tools.ts';
import { apiVersionDefault, apiVersions, nativeFields, traitsOf, type ApiVersion, type Block, type ModelTraits } from './wire.ts';

/** This wire refuses a request without a limit; where the model's own is not known, this is it. */
export const maxTokensDefault = 4096;

/** Smallest budget that the provider accepts for thinking. */
const budgetMin = 1024;

const budgetOf: Readonly<Record<string, number>> = { minimal: 1024, low: 2048, medium: 8192, high: 16_384, xhigh: 32_000, max: 32_000 };

/** Fields of the house's request that are read below; everything else is either native or lost. */
const readFields: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'stream',
  'stream_options',
  'max_tokens',
  'max_completion_tokens',
  'temperature',
  'top_p',
  'top_k',
  'stop',
  'tools',
  'tool_choice',
  'functions',
  'function_call',
  'parallel_tool_calls',
  'response_format',
  'reasoning_effort',
  'user',
  'metadata',
  'service_tier',
  'patchbay',
]);

export const versionOf = (settings: ConnectionSettings): ApiVersion =>
  apiVersions.find((version) => version === settings['anthropicVersion']) ?? apiVersionDefault;

/** One text where nothing but text is said, blocks where one of them carries more than text. */
function systemOf(blocks: readonly Block[]): string | Block[] | null {
  if (blocks.length === 0) return null;
  const isPlain = blocks.every((block) => block.type === 'text' && Object.keys(block).length === 2);
  return isPlain ? blocks.map((block) => text(block['text']) ?? '').join('\n\n') : [...blocks];
}

function putLimit(request: ChatRequest, body: Json, model: string, changed: Change[]): number {
  const asked = request.max_completion_tokens ?? request.max_tokens;
  const limit = asked ?? modelLimitOf(model).maxOutputTokens ?? maxTokensDefault;
  body['max_tokens'] = limit;
  if (asked === undefined || asked === null) changed.push({ parameter: 'max_tokens', what: 'added', to: String(limit) });
  else if (request.max_completion_tokens !== undefined && request.max_completion_tokens !== null)
    changed.push({ parameter: 'max_completion_tokens', what: 'renamed', to: 'max_tokens' });
  return limit;
}

/** Thinking as the model has it: dosed by itself, by a budget, or not at all. A caller's own `thinking` is left as it is. */
function putThinking(request: ChatRequest, body: Json, traits: ModelTraits, limit: number, isForced: boolean, changed: Change[]): void {
  const effort = request['reasoning_effort'];
  if (effort === undefined || effort === null || body['thinking'] !== undefined) return;
  if (effort === 'none') {
    if (traits.isAdaptive) body['thinking'] = { type: 'disabled' };
    return;
  }
  const budget = typeof effort === 'string' ? budgetOf[effort] : undefined;
  const isPossible =
    !isForced && typeof effort === 'string' && budget !== undefined && (traits.isAdaptive || (traits.hasBudget && limit > budgetMin));
  if (!isPossible) {
    changed.push({ parameter: 'reasoning_effort', what: 'dropped' });
    return;
  }
  if (traits.isAdaptive) {
    const named = effort === 'minimal' ? 'low' : effort === 'xhigh' && !traits.hasExtraEffort ? 'high' : effort;
    const config = isRecord(body['output_config']) ? body['output_config'] : {};
    body['thinking'] = { type: 'adaptive' };
    body['output_config'] = { ...config, effort: named };
    changed.push({
      parameter: 'reasoning_effort',
      what: named === effort ? 'renamed' : 'approximated',
      to: `output_config.effort=${named}`,
    });
    return;
  }
  // The budget is part of the limit: at least as much again is left for the answer where that is possible.
  const tokens = Math.max(budgetMin, Math.min(budget, Math.floor(limit / 2)));
  body['thinking'] = { type: 'enabled', budget_tokens: tokens };
  changed.push({ parameter: 'reasoning_effort', what: 'approximated', to: `thinking.budget_tokens=${tokens}` });
}

/** Temperature, top_p and top_k, as far as the version, the model and thinking allow them. */
function putSampling(request: ChatRequest, body: Json, traits: ModelTraits, version: ApiVersion, changed: Change[]): void {
  const thinking = isRecord(body['thinking']) ? body['thinking']['type'] : undefined;
  const isFixed = traits.refusesSampling || thinking === 'enabled' || thinking === 'adaptive';
  const isRefused = version !== '2023-06-01';
  const { temperature, top_p: topP } = request;
  const topK = request['top_k'];
  const drop = (parameter: string): void => void changed.push({ parameter, what: 'dropped' });
  let hasTemperature = false;
  if (typeof temperature === 'number') {
    const within = Math.min(1, Math.max(0, temperature));
    if (isRefused || (isFixed && within !== 1)) drop('temperature');
    else {
      if (within !== temperature) changed.push({ parameter: 'temperature', what: 'clamped', to: String(within) });
      body['temperature'] = within;
      hasTemperature = true;
    }
  }
  if (typeof topP === 'number') {
    if (isRefused || isFixed || (hasTemperature && traits.refusesBoth)) {
      // 1 is what leaving it out means.
      if (topP !== 1) drop('top_p');
    } else body['top_p'] = topP;
  }
  if (topK !== undefined && topK !== null) {
    if (isRefused || isFixed) drop('top_k');
    else body['top_k'] = topK;
  }
}

function putStop(request: ChatRequest, body: Json, changed: Change[]): void {
  const asked = [request.stop ?? []].flat().filter((stop): stop is string => typeof stop === 'string');
  // The provider refuses sequences of white space alone.
  const stops = asked.filter((stop) => stop.trim() !== '');
  if (stops.length > 0) body['stop_sequences'] = stops;
  if (stops.length < asked.length) changed.push({ parameter: 'stop', what: 'dropped' });
}

function putRest(request: ChatRequest, body: Json, changed: Change[]): void {
  const metadata = request['metadata'];
  const user = isRecord(metadata) ? (text(metadata['user_id']) ?? text(request['user'])) : text(request['user']);
  if (user !== undefined) body['metadata'] = { user_id: user };
  if (user !== undefined && user === request['user']) changed.push({ parameter: 'user', what: 'renamed', to: 'metadata.user_id' });
  if (isRecord(metadata) && Object.keys(metadata).some((key) => key !== 'user_id'))
    changed.push({ parameter: 'metadata', what: 'dropped' });
  const tier = request['service_tier'];
  if (tier === 'auto' || tier === 'standard_only') body['service_tier'] = tier;
  else if (tier !== undefined && tier !== null) changed.push({ parameter: 'service_tier', what: 'dropped' });
  for (const [parameter, value] of Object.entries(request)) {
    if (readFields.has(parameter) || nativeFields.includes(parameter) || value === undefined || value === null) continue;
    // One answer, no log probabilities: asking for what everybody gets loses nothing.
    if (
      (parameter === 'n' && value === 1) ||
      value === false ||
      ((parameter === 'frequency_penalty' || parameter === 'presence_penalty') && value === 0)
    )
      continue;
    changed.push({ parameter, what: 'dropped' });
  }
}

/**
 * The Messages request (platform.claude.com, Messages API, versions 2023-06-01 and 2026-10-21). Unknown fields of the
 * house's wire are refused there, so they are dropped and reported; Anthropic's own fields pass.
 */
export function toMessagesRequest(request: ChatRequest, to: Destination): { body: Json; changed: Change[] } {
  const { request: complete, changed } = withDefaults(request, to);
  const version = versionOf(to.settings);
  const traits = traitsOf(to.model);
  const body: Json = { model: to.model };
  for (const field of nativeFields) if (complete[field] !== undefined && complete[field] !== null) body[field] = complete[field];
  const limit = putLimit(complete, body, to.model, changed);
  const { system, turns } = conversationOf(complete.messages, version, changed);
  const isForced = putTools(complete, body, changed);
  const format = putFormat(complete, body, traits, changed);
  const instructions = format.instruction === null ? system : [...system, { type: 'text', text: format.instruction }];
  const said = systemOf(instructions);
  if (said !== null) body['system'] = said;
  body['messages'] = turns;
  if (complete.stream === true) body['stream'] = true;
  putThinking(complete, body, traits, limit, isForced || format.isForced, changed);
  putSampling(complete, body, traits, version, changed);
  putStop(complete, body, changed);
  putRest(complete, body, changed);
  return { body, changed };
}
