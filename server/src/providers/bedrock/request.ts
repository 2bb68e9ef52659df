/** A request of the house as AWS's Converse request; what cannot be said there is named in the changes. */
import type { ChatRequest } from '../../domain/chat.ts';
import type { Change } from '../../domain/ledger.ts';
import { putThinking } from '../claude-models.ts';
import { answerFormOf, declaredFunctions, stopsOf, toolChoiceOf } from '../content.ts';
import { fieldsOf, withDefaults } from '../defaults.ts';
import { modelLimitOf } from '../model-limits.ts';
import type { Destination } from '../protocol.ts';
import { isRecord, text, type Json } from '../shape.ts';
import { commonFields, numberOf, reportUnread } from '../unread-fields.ts';
import { conversationOf } from './messages.ts';
import { cachePointOf, claudeTraits, familyOf, limitNames, nativeFields, type Family, type Part } from './wire.ts';

const readFields: ReadonlySet<string> = new Set([
  ...commonFields,
  ...nativeFields,
  'additionalModelRequestFields',
  'thinking',
  'output_config',
  'metadata',
]);

/** What a budget for thinking is measured by where neither the caller nor the model names a limit. */
const limitDefault = 4096;

/** The sentence that stands for `json_object`, which this wire has no word for. */
const jsonInstruction = 'Answer with one JSON object and nothing else.';

/** Functions, the choice among them, and stand-ins for those that only the history calls. */
function putTools(request: ChatRequest, body: Json, called: ReadonlySet<string>, changed: Change[]): boolean {
  const lost = new Set<string>();
  const declared = declaredFunctions(request, changed, (tool) => lost.add(`tools.${text(tool['type']) ?? 'type'}`));
  for (const parameter of lost) changed.push({ parameter, what: 'dropped' });
  const choice = toolChoiceOf(request, changed);
  const only = choice?.only ?? null;
  const isOff = choice?.mode === 'none';
  // One that must be called can be named; of several, or of one that may be called, only these are shown.
  const isNarrowed = only !== null && (only.length !== 1 || choice?.mode !== 'required');
  const offered = isOff ? [] : isNarrowed ? declared.filter((fn) => only.includes(fn.name)) : declared;
  if (isNarrowed) changed.push({ parameter: 'tool_choice.allowed_tools', what: 'approximated', to: 'tools' });
  const tools: Part[] = [];
  for (const { name, description, parameters, isStrict, from } of offered) {
    const spec = { name, ...(description !== undefined && description !== '' && { description }), inputSchema: { json: parameters } };
    tools.push({ toolSpec: isStrict ? { ...spec, strict: true } : spec });
    if (from['cache_control'] !== undefined && from['cache_control'] !== null) tools.push(cachePointOf(from['cache_control']));
  }
  const names = new Set(offered.map((fn) => fn.name));
  const missing = [...called].filter((name) => !names.has(name));
  // A conversation with calls is refused where their functions are not declared.
  for (const name of missing)
    tools.push({ toolSpec: { name, description: 'Called before; not available any more.', inputSchema: { json: { type: 'object' } } } });
  if (missing.length > 0) changed.push({ parameter: 'tools', what: 'added', to: missing.join(',').slice(0, 200) });
  if (tools.length === 0) return false;
  const config: Json = { tools };
  const single = only?.length === 1 ? only[0] : undefined;
  const isForced = choice?.mode === 'required' && offered.length > 0;
  if (isForced) config['toolChoice'] = single === undefined ? { any: {} } : { tool: { name: single } };
  else if (choice?.mode === 'auto' && offered.length > 0) config['toolChoice'] = { auto: {} };
  else if (isOff) changed.push({ parameter: 'tool_choice', what: 'dropped' });
  body['toolConfig'] = config;
  if (request['parallel_tool_calls'] === false) changed.push({ parameter: 'parallel_tool_calls', what: 'dropped' });
  return isForced;
}

/** The form of the answer. A schema is a text on this wire; models without it answer 400, which their owner then reads. */
function putFormat(request: ChatRequest, body: Json, system: Part[], changed: Change[]): void {
  const form = answerFormOf(request, changed);
  if (form === null) return;
  if (form.kind === 'json') {
    system.push({ text: jsonInstruction });
    changed.push({ parameter: 'response_format', what: 'approximated', to: 'system' });
    return;
  }
  const { schema, name, description } = form;
  const jsonSchema = { name, ...(description !== undefined && { description }), schema: JSON.stringify(schema) };
  body['outputConfig'] = { textFormat: { type: 'json_schema', structure: { jsonSchema } } };
  changed.push({ parameter: 'response_format', what: 'renamed', to: 'outputConfig.textFormat' });
}

/** How much to think, in the words of the model's family; they stand beside the wire's own fields. */
function putReasoning(request: ChatRequest, more: Json, to: Destination, family: Family, isForced: boolean, changed: Change[]): void {
  const effort = request['reasoning_effort'];
  if (family === 'claude') {
    const asked = request.max_completion_tokens ?? request.max_tokens;
    const limit = asked ?? modelLimitOf(to.model.slice(Math.max(0, to.model.indexOf('claude')))).maxOutputTokens ?? limitDefault;
    for (const name of ['thinking', 'output_config'] as const) if (isRecord(request[name])) more[name] ??= request[name];
    const isDefault = fieldsOf(to.settings)['reasoning_effort'] === effort;
    putThinking(effort, more, claudeTraits(to.model), { limit, isForced, isDefault }, changed);
    return;
  }
  for (const name of ['thinking', 'output_config'] as const)
    if (request[name] !== undefined && request[name] !== null) changed.push({ parameter: name, what: 'dropped' });
  if (effort === undefined || effort === null || (effort === 'none' && family === 'other')) return;
  if (typeof effort !== 'string') return void changed.push({ parameter: 'reasoning_effort', what: 'dropped' });
  if (family === 'gpt-oss') {
    const level = effort === 'low' || effort === 'medium' ? effort : effort === 'minimal' || effort === 'none' ? 'low' : 'high';
    more['reasoning_effort'] = level;
    changed.push({
      parameter: 'reasoning_effort',
      what: level === effort ? 'renamed' : 'approximated',
      to: `additionalModelRequestFields.reasoning_effort=${level}`,
    });
  } else if (family === 'nova' && to.model.includes('nova-2')) {
    const level = effort === 'medium' || effort === 'high' ? effort : effort === 'xhigh' || effort === 'max' ? 'high' : 'low';
    more['reasoningConfig'] = effort === 'none' ? { type: 'disabled' } : { type: 'enabled', maxReasoningEffort: level };
    changed.push({ parameter: 'reasoning_effort', what: level === effort ? 'renamed' : 'approximated', to: 'reasoningConfig' });
  } else if (effort !== 'none') changed.push({ parameter: 'reasoning_effort', what: 'dropped' });
}

/** Numbers of the run, as far as the model allows them beside its thinking. */
function putInference(request: ChatRequest, body: Json, more: Json, to: Destination, family: Family, changed: Change[]): void {
  const config: Json = {};
  const traits = family === 'claude' ? claudeTraits(to.model) : null;
  const thinking = isRecord(more['thinking']) ? more['thinking']['type'] : undefined;
  const isFixed = traits !== null && (traits.refusesSampling || thinking === 'enabled' || thinking === 'adaptive');
  const limit = request.max_completion_tokens ?? request.max_tokens;
  if (typeof limit === 'number') {
    config['maxTokens'] = limit;
    const named = typeof request.max_completion_tokens === 'number' ? 'max_completion_tokens' : 'max_tokens';
    changed.push({ parameter: named, what: 'renamed', to: 'inferenceConfig.maxTokens' });
  }
  const temperature = numberOf(request, 'temperature', changed);
  const topP = numberOf(request, 'top_p', changed);
  if (temperature !== undefined) {
    const within = Math.min(1, Math.max(0, temperature));
    if (isFixed && within !== 1) changed.push({ parameter: 'temperature', what: 'dropped' });
    else if (!isFixed) {
      if (within !== temperature) changed.push({ parameter: 'temperature', what: 'clamped', to: String(within) });
      config['temperature'] = within;
    }
  }
  if (topP !== undefined) {
    if (isFixed || (traits?.refusesBoth === true && config['temperature'] !== undefined)) {
      if (topP !== 1) changed.push({ parameter: 'top_p', what: 'dropped' });
    } else config['topP'] = topP;
  }
  const topK = numberOf(request, 'top_k', changed);
  if (topK !== undefined) {
    if (family === 'claude' && !isFixed) more['top_k'] ??= topK;
    else if (family === 'nova') more['inferenceConfig'] ??= { topK };
    else changed.push({ parameter: 'top_k', what: 'dropped' });
  }
  const stops = stopsOf(request.stop);
  if (stops.length > 0) config['stopSequences'] = stops;
  if (Object.keys(config).length > 0) body['inferenceConfig'] = config;
}

/** A model's own fields as the caller says them, without those that would go around the limit. */
function ownFields(said: unknown, changed: Change[]): Json {
  const more: Json = {};
  for (const [name, value] of Object.entries(isRecord(said) ? said : {})) {
    if (limitNames.has(name)) changed.push({ parameter: `additionalModelRequestFields.${name}`, what: 'dropped' });
    else more[name] = value;
  }
  return more;
}

/**
 * The Converse request (docs.aws.amazon.com, Amazon Bedrock Runtime, Converse and ConverseStream). The model stands in the path.
 * Fields that this wire does not know are refused there, so they are dropped and reported.
 */
export function toConverseRequest(request: ChatRequest, to: Destination): { body: Json; changed: Change[] } {
  const { request: complete, changed } = withDefaults(request, to);
  const family = familyOf(to.model);
  const body: Json = {};
  for (const field of nativeFields) if (complete[field] !== undefined && complete[field] !== null) body[field] = complete[field];
  const { system, turns, called } = conversationOf(complete.messages, to, changed);
  const more = ownFields(complete['additionalModelRequestFields'], changed);
  const isForced = putTools(complete, body, called, changed);
  putFormat(complete, body, system, changed);
  putReasoning(complete, more, to, family, isForced, changed);
  putInference(complete, body, more, to, family, changed);
  body['messages'] = turns;
  if (system.length > 0) body['system'] = system;
  if (Object.keys(more).length > 0) body['additionalModelRequestFields'] = more;
  const metadata = complete['metadata'];
  if (isRecord(metadata) && Object.keys(metadata).length > 0) changed.push({ parameter: 'metadata', what: 'dropped' });
  reportUnread(complete, (parameter) => readFields.has(parameter), changed);
  return { body, changed };
}
