/** A request of the house as a request of OpenAI's Responses; what cannot be said there is named in the changes. */
import type { ChatRequest } from '../../domain/chat.ts';
import type { Change } from '../../domain/ledger.ts';
import { answerFormOf, stopsOf } from '../content.ts';
import { withDefaults } from '../defaults.ts';
import { adaptToFamily } from '../openai-families.ts';
import { bodyModel } from '../openai-paths.ts';
import type { Destination } from '../protocol.ts';
import { isRecord, list, member, text, type Json } from '../shape.ts';
import { commonFields, reportUnread } from '../unread-fields.ts';
import { itemsOf } from './items.ts';

/** Fields that are called the same there, or are that wire's own: they pass as they are. What the provider would keep or run later is not among them. */
const sameFields = [
  'metadata',
  'service_tier',
  'user',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_retention',
  'prompt_cache_options',
  'parallel_tool_calls',
  'truncation',
  'max_tool_calls',
  'reasoning',
  'text',
  'moderation',
] as const;

const readFields: ReadonlySet<string> = new Set([
  ...commonFields,
  ...sameFields,
  'include',
  'store',
  'verbosity',
  'logprobs',
  'top_logprobs',
]);

/** What is asked for besides the answer: a thought can be carried on only in this form, since nothing is kept at the provider. */
const encryptedThoughts = 'reasoning.encrypted_content';

function functionTool(fn: Json): Json {
  return {
    type: 'function',
    name: text(fn['name']) ?? '',
    ...(text(fn['description']) !== undefined && { description: fn['description'] }),
    parameters: isRecord(fn['parameters']) ? fn['parameters'] : { type: 'object', properties: {} },
    // The default is another one on this wire: said here, so that a schema is as strict as the caller meant it.
    strict: fn['strict'] === true,
  };
}

function toolOf(tool: Json): Json {
  if (isRecord(tool['function'])) return functionTool(tool['function']);
  if (tool['type'] === 'custom' && isRecord(tool['custom'])) {
    const { format, ...rest } = tool['custom'];
    const grammar = member(format, 'grammar');
    return {
      type: 'custom',
      ...rest,
      ...(format !== undefined && { format: isRecord(grammar) ? { type: 'grammar', ...grammar } : format }),
    };
  }
  // One of this wire's own, said by a caller who knows it.
  return tool;
}

function choiceOf(wanted: unknown): unknown {
  if (!isRecord(wanted)) return wanted === 'any' ? 'required' : wanted;
  const name = text(member(wanted['function'], 'name')) ?? (wanted['type'] === undefined ? text(wanted['name']) : undefined);
  if (name !== undefined) return { type: 'function', name };
  const custom = text(member(wanted['custom'], 'name'));
  if (custom !== undefined) return { type: 'custom', name: custom };
  if (wanted['type'] === 'allowed_tools' && isRecord(wanted['allowed_tools'])) {
    const { mode, tools } = wanted['allowed_tools'];
    return { type: 'allowed_tools', mode, tools: list(tools).map((tool) => choiceOf(tool) ?? tool) };
  }
  return wanted;
}

function putTools(request: ChatRequest, body: Json, changed: Change[]): void {
  const legacy = list(request['functions']).filter(isRecord);
  const tools = [...list(request.tools).filter(isRecord).map(toolOf), ...legacy.map(functionTool)];
  if (legacy.length > 0) changed.push({ parameter: 'functions', what: 'renamed', to: 'tools' });
  if (tools.length === 0) return;
  body['tools'] = tools;
  const choice = choiceOf(request.tool_choice ?? request['function_call']);
  if (choice !== undefined && choice !== null) body['tool_choice'] = choice;
}

/** Form and length of the text. A caller's own `text` is kept and completed. */
function putText(request: ChatRequest, body: Json, changed: Change[]): void {
  const said = isRecord(body['text']) ? { ...body['text'] } : {};
  const form = answerFormOf(request, changed);
  if (form !== null && said['format'] === undefined) {
    said['format'] =
      form.kind === 'json'
        ? { type: 'json_object' }
        : {
            type: 'json_schema',
            name: form.name,
            schema: form.schema,
            ...(form.description !== undefined && { description: form.description }),
            strict: form.isStrict,
          };
    changed.push({ parameter: 'response_format', what: 'renamed', to: 'text.format' });
  }
  const verbosity = text(request['verbosity']);
  if (verbosity !== undefined && said['verbosity'] === undefined) {
    said['verbosity'] = verbosity;
    changed.push({ parameter: 'verbosity', what: 'renamed', to: 'text.verbosity' });
  }
  if (Object.keys(said).length > 0) body['text'] = said;
}

function putReasoning(request: ChatRequest, body: Json, changed: Change[]): void {
  const asked = request['reasoning_effort'] ?? undefined;
  if (asked === undefined) return;
  const effort = text(asked);
  const said = isRecord(body['reasoning']) ? body['reasoning'] : {};
  if (effort === undefined || said['effort'] !== undefined) return void changed.push({ parameter: 'reasoning_effort', what: 'dropped' });
  body['reasoning'] = { ...said, effort };
  changed.push({ parameter: 'reasoning_effort', what: 'renamed', to: 'reasoning.effort' });
}

/** Numbers, after the model's family has had its word: reasoning models refuse most of them. */
function putSampling(request: ChatRequest, body: Json, to: Destination, changed: Change[]): void {
  const names = ['temperature', 'top_p', 'logprobs', 'top_logprobs'] as const;
  const sampling: Json = { reasoning_effort: request['reasoning_effort'] };
  for (const name of names) if (request[name] !== undefined && request[name] !== null) sampling[name] = request[name];
  if (to.row.families === 'openai') changed.push(...adaptToFamily(sampling, to.model));
  for (const name of ['temperature', 'top_p'] as const) if (sampling[name] !== undefined) body[name] = sampling[name];
  const top = sampling['top_logprobs'];
  if (sampling['logprobs'] === true) {
    body['include'] = [...list(body['include']), 'message.output_text.logprobs'];
    if (typeof top === 'number' && top > 0) body['top_logprobs'] = top;
  } else if (typeof top === 'number' && top > 0) changed.push({ parameter: 'top_logprobs', what: 'dropped' });
}

/**
 * The request (platform.openai.com, POST /v1/responses). Nothing is stored at the provider unless the caller asks for it, so
 * thoughts come back encrypted and are carried on by the caller. Fields that this wire does not know are refused there, so
 * they are dropped and reported.
 */
export function toResponsesRequest(request: ChatRequest, to: Destination): { body: Json; changed: Change[] } {
  const { request: complete, changed } = withDefaults(request, to);
  const body: Json = { model: bodyModel(to), input: itemsOf(complete.messages, to, changed), store: complete['store'] === true };
  for (const field of sameFields) if (complete[field] !== undefined && complete[field] !== null) body[field] = complete[field];
  const asked = list(complete['include']).filter((name) => typeof name === 'string');
  body['include'] = body['store'] === true ? asked : [...new Set([...asked, encryptedThoughts])];
  const limit = complete.max_completion_tokens ?? complete.max_tokens;
  if (typeof limit === 'number') {
    body['max_output_tokens'] = limit;
    const named = typeof complete.max_completion_tokens === 'number' ? 'max_completion_tokens' : 'max_tokens';
    changed.push({ parameter: named, what: 'renamed', to: 'max_output_tokens' });
  }
  putTools(complete, body, changed);
  putText(complete, body, changed);
  putSampling(complete, body, to, changed);
  putReasoning(complete, body, changed);
  if (stopsOf(complete.stop).length > 0) changed.push({ parameter: 'stop', what: 'dropped' });
  if (typeof complete['top_k'] === 'number') changed.push({ parameter: 'top_k', what: 'dropped' });
  if (complete.stream === true) body['stream'] = true;
  reportUnread(complete, (parameter) => readFields.has(parameter), changed);
  return { body, changed };
}
