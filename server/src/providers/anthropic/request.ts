/** A request of the house as Anthropic's Messages request; what cannot be said there is named in the changes. */
import type { ChatRequest } from '../../domain/chat.ts';
import type { ConnectionSettings } from '../../domain/connection.ts';
import type { Change } from '../../domain/ledger.ts';
import { putThinking, traitsOf, type ModelTraits } from '../claude-models.ts';
import { fieldsOf, withDefaults } from '../defaults.ts';
import { modelLimitOf } from '../model-limits.ts';
import type { Destination } from '../protocol.ts';
import { isRecord, text, type Json } from '../shape.ts';
import { commonFields, numberOf, reportUnread } from '../unread-fields.ts';
import { conversationOf } from './messages.ts';
import { putFormat, putTools } from './tools.ts';
import { apiVersionDefault, apiVersions, nativeFields, type ApiVersion, type Block } from './wire.ts';

/** This wire refuses a request without a limit; where the model's own is not known, this is it. */
export const maxTokensDefault = 4096;

/** Fields of the house's request that are read below, and Anthropic's own; everything else is lost. */
const readFields: ReadonlySet<string> = new Set([...commonFields, ...nativeFields, 'user', 'metadata', 'service_tier']);

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

/** Temperature, top_p and top_k, as far as the version, the model and thinking allow them. */
function putSampling(request: ChatRequest, body: Json, traits: ModelTraits, version: ApiVersion, changed: Change[]): void {
  const thinking = isRecord(body['thinking']) ? body['thinking']['type'] : undefined;
  const isFixed = traits.refusesSampling || thinking === 'enabled' || thinking === 'adaptive';
  const isRefused = version !== '2023-06-01';
  const temperature = numberOf(request, 'temperature', changed);
  const topP = numberOf(request, 'top_p', changed);
  const topK = numberOf(request, 'top_k', changed);
  const drop = (parameter: string): void => void changed.push({ parameter, what: 'dropped' });
  let hasTemperature = false;
  if (temperature !== undefined) {
    const within = Math.min(1, Math.max(0, temperature));
    if (isRefused || (isFixed && within !== 1)) drop('temperature');
    else {
      if (within !== temperature) changed.push({ parameter: 'temperature', what: 'clamped', to: String(within) });
      body['temperature'] = within;
      hasTemperature = true;
    }
  }
  if (topP !== undefined) {
    if (isRefused || isFixed || (hasTemperature && traits.refusesBoth)) {
      // 1 is what leaving it out means.
      if (topP !== 1) drop('top_p');
    } else body['top_p'] = topP;
  }
  if (topK !== undefined) {
    if (isRefused || isFixed) drop('top_k');
    else body['top_k'] = topK;
  }
}

function putStop(request: ChatRequest, body: Json, changed: Change[]): void {
  const asked: unknown[] = [request.stop ?? []].flat();
  // The provider refuses sequences of white space alone.
  const stops = asked.filter((stop): stop is string => typeof stop === 'string' && stop.trim() !== '');
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
  reportUnread(request, (parameter) => readFields.has(parameter), changed);
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
  const effort = complete['reasoning_effort'];
  const how = { limit, isForced: isForced || format.isForced, isDefault: fieldsOf(to.settings)['reasoning_effort'] === effort };
  putThinking(effort, body, traits, how, changed);
  putSampling(complete, body, traits, version, changed);
  putStop(complete, body, changed);
  putRest(complete, body, changed);
  return { body, changed };
}
