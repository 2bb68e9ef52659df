/** A request of the house as Google's generateContent request; what cannot be said there is named in the changes. */
import type { ChatRequest } from '../../domain/chat.ts';
import type { Change } from '../../domain/ledger.ts';
import { withDefaults } from '../defaults.ts';
import type { Destination } from '../protocol.ts';
import { finite, isRecord, member, type Json } from '../shape.ts';
import { commonFields, numberOf, reportUnread } from '../unread-fields.ts';
import { conversationOf } from './contents.ts';
import { putFormat, putTools } from './tools.ts';
import {
  candidatesMax,
  nativeConfig,
  nativeFields,
  stopSequencesMax,
  topLogprobsMax,
  traitsOf,
  type ModelTraits,
  type ThinkingLevel,
} from './wire.ts';

/** Fields of the house's request that are read below, and Google's own; everything else is lost. */
const readFields: ReadonlySet<string> = new Set([
  ...commonFields,
  ...Object.keys(nativeFields),
  ...Object.keys(nativeConfig),
  'n',
  'seed',
  'presence_penalty',
  'frequency_penalty',
  'logprobs',
  'top_logprobs',
  'extra_body',
]);

/** A number moved into its bounds, with a report where it had to be. */
function clamped(parameter: string, value: number, min: number, max: number, changed: Change[]): number {
  const within = Math.min(max, Math.max(min, value));
  if (within !== value) changed.push({ parameter, what: 'clamped', to: String(within) });
  return within;
}

/** What the caller says in Google's own words, at the top or in the place where Google's OpenAI-compatible wire has them. */
function putNative(request: ChatRequest, body: Json, config: Json, changed: Change[]): void {
  const extra = request['extra_body'];
  const google = member(extra, 'google');
  const said: Json = { ...(isRecord(google) ? google : {}), ...request };
  for (const [name, field] of Object.entries(nativeFields)) if (said[name] !== undefined && said[name] !== null) body[field] = said[name];
  for (const [name, field] of Object.entries(nativeConfig)) if (said[name] !== undefined && said[name] !== null) config[field] = said[name];
  for (const name of Object.keys(isRecord(google) ? google : {}))
    if (!Object.hasOwn(nativeFields, name) && !Object.hasOwn(nativeConfig, name))
      changed.push({ parameter: `extra_body.google.${name}`, what: 'dropped' });
  if (isRecord(extra))
    for (const name of Object.keys(extra)) if (name !== 'google') changed.push({ parameter: `extra_body.${name}`, what: 'dropped' });
}

function putSampling(request: ChatRequest, config: Json, traits: ModelTraits, changed: Change[]): void {
  const temperature = numberOf(request, 'temperature', changed);
  if (temperature !== undefined) config['temperature'] = clamped('temperature', temperature, 0, traits.temperatureMax, changed);
  const topP = numberOf(request, 'top_p', changed);
  if (topP !== undefined) config['topP'] = topP;
  const topK = numberOf(request, 'top_k', changed);
  if (topK !== undefined) config['topK'] = topK;
  for (const [name, field] of [
    ['presence_penalty', 'presencePenalty'],
    ['frequency_penalty', 'frequencyPenalty'],
  ] as const) {
    const value = numberOf(request, name, changed);
    // 0 is what leaving it out means, and many models refuse the field itself.
    if (value !== undefined && value !== 0) config[field] = value;
  }
  const seed = numberOf(request, 'seed', changed);
  if (seed === undefined) return;
  // The field is a signed number of 32 bits; a larger seed cut down would be another seed.
  if (Number.isInteger(seed) && Math.abs(seed) <= 2_147_483_647) config['seed'] = seed;
  else changed.push({ parameter: 'seed', what: 'dropped' });
}

function putLimits(request: ChatRequest, config: Json, changed: Change[]): void {
  const limit = request.max_completion_tokens ?? request.max_tokens;
  if (typeof limit === 'number') config['maxOutputTokens'] = limit;
  const count = numberOf(request, 'n', changed);
  if (count !== undefined && count !== 1) config['candidateCount'] = clamped('n', count, 1, candidatesMax, changed);
  const asked: unknown[] = [request.stop ?? []].flat();
  const stops = asked.filter((stop) => typeof stop === 'string' && stop !== '').slice(0, stopSequencesMax);
  if (stops.length > 0) config['stopSequences'] = stops;
  if (stops.length < asked.length) changed.push({ parameter: 'stop', what: 'dropped' });
}

function putLogprobs(request: ChatRequest, config: Json, changed: Change[]): void {
  const top = finite(request['top_logprobs']);
  if (request['logprobs'] === true) {
    config['responseLogprobs'] = true;
    if (top !== undefined && top > 0) config['logprobs'] = clamped('top_logprobs', top, 1, topLogprobsMax, changed);
  } else if (top !== undefined && top > 0) changed.push({ parameter: 'top_logprobs', what: 'dropped' });
}

/** Tokens that Google itself takes an effort for, at models that count them (ai.google.dev, OpenAI compatibility). */
const budgetOf: Readonly<Record<string, number>> = {
  none: 0,
  minimal: 1024,
  low: 1024,
  medium: 8192,
  high: 24_576,
  xhigh: 32_768,
  max: 32_768,
};

/** The nearest level that the model has, rather more than less. */
function levelOf(effort: string, levels: readonly ThinkingLevel[]): ThinkingLevel | undefined {
  const order: readonly string[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'];
  const at = order.indexOf(effort);
  return at < 0 ? undefined : (levels.find((level) => order.indexOf(level) >= at) ?? levels.at(-1));
}

/** How much to think, in the model's own measure. A caller's own `thinking_config` is left as it is. */
function putThinking(request: ChatRequest, config: Json, { thinking }: ModelTraits, changed: Change[]): void {
  const effort = request['reasoning_effort'];
  if (effort === undefined || effort === null) return;
  const drop = (): void => void changed.push({ parameter: 'reasoning_effort', what: 'dropped' });
  if (config['thinkingConfig'] !== undefined || typeof effort !== 'string') return drop();
  if (thinking.kind === 'none') {
    // A model that cannot think does what `none` asks for.
    if (effort !== 'none') drop();
    return;
  }
  if (thinking.kind === 'level') {
    const level = levelOf(effort, thinking.levels);
    if (level === undefined) return drop();
    config['thinkingConfig'] = { thinkingLevel: level, ...(effort !== 'none' && { includeThoughts: true }) };
    changed.push({
      parameter: 'reasoning_effort',
      what: level === effort ? 'renamed' : 'approximated',
      to: `thinkingConfig.thinkingLevel=${level}`,
    });
    return;
  }
  const wanted = Object.hasOwn(budgetOf, effort) ? budgetOf[effort] : undefined;
  if (wanted === undefined) return drop();
  const isOff = wanted === 0 && thinking.mayBeOff;
  const tokens = isOff ? 0 : Math.min(thinking.max, Math.max(thinking.min, wanted));
  config['thinkingConfig'] = { thinkingBudget: tokens, ...(effort !== 'none' && { includeThoughts: true }) };
  changed.push({ parameter: 'reasoning_effort', what: isOff ? 'renamed' : 'approximated', to: `thinkingConfig.thinkingBudget=${tokens}` });
}

/**
 * The generateContent request (ai.google.dev, models.generateContent, C-49). The provider answers 400 for a
 * field that it does not know, so what it has no word for is dropped and reported. The model stands in the path.
 */
export function toGenerateRequest(request: ChatRequest, to: Destination): { body: Json; changed: Change[] } {
  const { request: complete, changed } = withDefaults(request, to);
  const traits = traitsOf(to.model);
  const body: Json = {};
  const config: Json = {};
  const { system, contents } = conversationOf(complete.messages, to, changed);
  body['contents'] = contents;
  if (system.length > 0) body['systemInstruction'] = { parts: system };
  putNative(complete, body, config, changed);
  const hasFunctions = putTools(complete, body, traits, changed);
  putFormat(complete, config, traits, hasFunctions, changed);
  putLimits(complete, config, changed);
  putSampling(complete, config, traits, changed);
  putLogprobs(complete, config, changed);
  putThinking(complete, config, traits, changed);
  // Other tiers have other prices than the book knows, so that a budget could be overrun: they are not asked for.
  reportUnread(complete, (parameter) => readFields.has(parameter), changed);
  if (Object.keys(config).length > 0) body['generationConfig'] = config;
  return { body, changed };
}
