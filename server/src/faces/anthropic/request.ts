/** A request of the Messages wire in the house's language, without loss: what others cannot be told stays beside it. */
import type { ChatRequest, Native } from '../../domain/chat.ts';
import { finite, isRecord, list, member, text, type Json } from '../../providers/shape.ts';
import { nativeOf, wireId } from './parts.ts';
import { messagesOf } from './turns.ts';

function functionTool(tool: Json): Json {
  const { type: _type, name, description, input_schema: schema, strict, ...rest } = tool;
  const lost = Object.keys(rest).filter((key) => rest[key] !== null && rest[key] !== undefined);
  return {
    type: 'function',
    function: {
      name: text(name) ?? '',
      ...(text(description) !== undefined && { description }),
      parameters: isRecord(schema) ? schema : { type: 'object', properties: {} },
      ...(strict === true && { strict: true }),
    },
    ...(lost.length > 0 && { patchbay: nativeOf(tool, lost) }),
  };
}

/** Every tool with a schema is a function; the others run at the provider, or are ones that only its models were taught. */
function toolOf(tool: unknown): Json | null {
  if (!isRecord(tool)) return null;
  if (tool['type'] === undefined || tool['type'] === null || tool['type'] === 'custom') return functionTool(tool);
  return { type: text(tool['type']) ?? 'unknown', patchbay: nativeOf(tool, [], true) };
}

/** Writes tools and choice into a request; answers what of the choice the house has no words for, by name. */
function putTools(body: Json, request: ChatRequest): string[] {
  const tools = list(body['tools'])
    .map(toolOf)
    .filter((tool) => tool !== null);
  if (tools.length > 0) request.tools = tools;
  const choice = body['tool_choice'];
  if (choice === undefined || choice === null) return [];
  const type = member(choice, 'type');
  if (member(choice, 'disable_parallel_tool_use') === true) request['parallel_tool_calls'] = false;
  if (type === 'tool') request.tool_choice = { type: 'function', function: { name: text(member(choice, 'name')) ?? '' } };
  else if (type === 'any') request.tool_choice = 'required';
  else if (type === 'auto' || type === 'none') request.tool_choice = type;
  else return ['tool_choice'];
  return lostMembers('tool_choice', choice, ['type', 'name', 'disable_parallel_tool_use']);
}

/** From this many tokens of thought on, an effort has the next name (the house's own table, read backwards). */
const efforts = [
  { from: 16_384, name: 'high' },
  { from: 8_192, name: 'medium' },
  { from: 2_048, name: 'low' },
  { from: 0, name: 'minimal' },
] as const;

function effortOf(thinking: unknown, config: unknown): string | null {
  const named = text(member(config, 'effort'));
  const type = member(thinking, 'type');
  if (type === 'disabled') return 'none';
  if (named !== undefined) return named === 'max' ? 'xhigh' : named;
  if (type === 'enabled') {
    const budget = finite(member(thinking, 'budget_tokens')) ?? 0;
    return efforts.find(({ from }) => budget >= from)?.name ?? null;
  }
  return null;
}

/** Members that the house says in its own words, below. Whatever else is there is kept for a provider of the same wire. */
const saidFields: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'system',
  'max_tokens',
  'stream',
  'temperature',
  'top_p',
  'top_k',
  'stop_sequences',
  'tools',
  'tool_choice',
  'service_tier',
]);

/** How the Messages wire says it, and what of it the house's words do not carry elsewhere. */
function nativeFields(body: Json, request: ChatRequest, lostChoice: readonly string[]): Native | null {
  const native: Json = lostChoice.length > 0 ? { tool_choice: body['tool_choice'] } : {};
  const lost: string[] = [...lostChoice];
  // Neither a text nor blocks.
  if (isRecord(body['system'])) {
    native['system'] = body['system'];
    lost.push('system');
  }
  const approximated: string[] = [];
  for (const [field, value] of Object.entries(body)) {
    if (saidFields.has(field) || value === undefined || value === null) continue;
    native[field] = value;
    if (field === 'thinking') lost.push(...lostThinking(value, request, approximated));
    else if (field === 'output_config') lost.push(...lostMembers(field, value, saidOfOutput(value, body['thinking'])));
    else if (field === 'metadata') lost.push(...lostMembers(field, value, typeof member(value, 'user_id') === 'string' ? ['user_id'] : []));
    else lost.push(field);
  }
  if (Object.keys(native).length === 0) return null;
  return { wire: wireId, native, lost, approximated, stands: ['reasoning_effort', 'response_format', 'user'] };
}

/** Members of a field that the house's words do not carry, by their full names; the field itself where it is no object. */
function lostMembers(field: string, value: unknown, said: readonly string[]): string[] {
  if (!isRecord(value)) return [field];
  return Object.keys(value)
    .filter((name) => !said.includes(name) && value[name] !== null && value[name] !== undefined)
    .map((name) => `${field}.${name}`);
}

/** Who switches thinking off and names an effort too gets the first. */
const saidOfOutput = (config: unknown, thinking: unknown): string[] => [
  ...(typeof member(config, 'effort') === 'string' && member(thinking, 'type') !== 'disabled' ? ['effort'] : []),
  ...(member(member(config, 'format'), 'type') === 'json_schema' ? ['format'] : []),
];

/** A budget becomes the effort that is nearest to it; thinking that the model doses itself is said by an effort, if by anything. */
function lostThinking(thinking: unknown, request: ChatRequest, approximated: string[]): string[] {
  const type = member(thinking, 'type');
  const hasEffort = request['reasoning_effort'] !== undefined;
  if (!hasEffort || (type !== 'enabled' && type !== 'disabled' && type !== 'adaptive')) return ['thinking'];
  if (type === 'enabled') approximated.push('thinking.budget_tokens');
  return lostMembers('thinking', thinking, ['type', 'budget_tokens']);
}

/** The house's request. Total: whatever a body holds, something is answered, and nothing is thrown. */
export function toHouse(body: Json): ChatRequest {
  const request: ChatRequest = {
    ...(typeof body['model'] === 'string' && { model: body['model'] }),
    messages: messagesOf(body['system'], body['messages']),
    ...(body['stream'] === true && { stream: true }),
  };
  const put = (field: string, value: unknown): void => void (value !== undefined && value !== null && (request[field] = value));
  put('max_tokens', finite(body['max_tokens']));
  put('temperature', body['temperature']);
  put('top_p', body['top_p']);
  put('top_k', body['top_k']);
  put('stop', Array.isArray(body['stop_sequences']) && body['stop_sequences'].length > 0 ? body['stop_sequences'] : undefined);
  const lostChoice = putTools(body, request);
  put('reasoning_effort', effortOf(body['thinking'], body['output_config']));
  const format = member(body['output_config'], 'format');
  if (member(format, 'type') === 'json_schema')
    request['response_format'] = { type: 'json_schema', json_schema: { name: 'answer', schema: member(format, 'schema'), strict: true } };
  put('user', text(member(body['metadata'], 'user_id')));
  put('service_tier', body['service_tier'] === 'standard_only' ? 'default' : body['service_tier']);
  const native = nativeFields(body, request, lostChoice);
  if (body['service_tier'] === 'standard_only') return { ...request, patchbay: withTier(native) };
  return native ? { ...request, patchbay: native } : request;
}

const withTier = (native: Native | null): Native => ({
  wire: wireId,
  lost: native?.lost ?? [],
  approximated: native?.approximated ?? [],
  stands: native?.stands ?? [],
  native: { ...(isRecord(native?.native) ? native.native : {}), service_tier: 'standard_only' },
});
