/** A request of the Responses wire in the house's language, without loss: what others cannot be told stays beside it. */
import type { ChatRequest } from '../../domain/chat.ts';
import { finite, isRecord, list, member, text, type Json } from '../../providers/shape.ts';
import { messagesOf } from './items.ts';
import { putTools, wireId } from './tools.ts';

/** Fields that mean the same here and in the house. */
const sameFields = [
  'temperature',
  'top_p',
  'parallel_tool_calls',
  'metadata',
  'user',
  'service_tier',
  'prompt_cache_key',
  'safety_identifier',
] as const;

/** Fields that are read below, or that the face itself answers for. Everything else is kept for a provider of the same wire. */
const readFields: ReadonlySet<string> = new Set([
  ...sameFields,
  'model',
  'input',
  'instructions',
  'stream',
  'stream_options',
  'max_output_tokens',
  'tools',
  'tool_choice',
  'top_logprobs',
  'previous_response_id',
  'store',
]);

/** What a field may say without meaning anything. */
const idle: Readonly<Record<string, unknown>> = { truncation: 'disabled', background: false };

const logprobsName = 'message.output_text.logprobs';
/** Asked for and given by the face itself, whoever answers. */
const givenNames: ReadonlySet<unknown> = new Set([logprobsName, 'reasoning.encrypted_content']);

function formatOf(body: Json): Json | undefined {
  const format = member(body['text'], 'format');
  if (!isRecord(format)) return undefined;
  if (format['type'] === 'json_object') return { type: 'json_object' };
  if (format['type'] !== 'json_schema') return undefined;
  const { type: _type, ...schema } = format;
  return { type: 'json_schema', json_schema: schema };
}

/** Asks for thoughts in readable words: who has them gives them, in whatever length that is. */
const summaries: readonly string[] = ['summary', 'generate_summary'];

/** Members of `reasoning` and `text` that the house's words do not carry, by their full names. */
function lostMembers(field: 'reasoning' | 'text', value: unknown, body: Json): string[] {
  if (!isRecord(value)) return [field];
  const isSaid = (name: string): boolean => {
    if (name === 'format') return formatOf(body) !== undefined || member(value[name], 'type') === 'text';
    return field === 'text' ? name === 'verbosity' : name === 'effort' || summaries.includes(name);
  };
  return Object.keys(value)
    .filter((name) => value[name] !== null && value[name] !== undefined && !isSaid(name))
    .map((name) => `${field}.${name}`);
}

const approximatedOf = (body: Json): string[] =>
  summaries.filter((name) => (member(body['reasoning'], name) ?? null) !== null).map((name) => `reasoning.${name}`);

/** The members that the house has no word for, and which of them others will miss. */
function nativeOf(body: Json): { native: Json; lost: string[] } {
  const native: Json = {};
  const lost: string[] = [];
  for (const [field, value] of Object.entries(body)) {
    if (readFields.has(field) || value === undefined || value === null) continue;
    native[field] = value;
    if (idle[field] === value) continue;
    if (field === 'reasoning' || field === 'text') {
      lost.push(...lostMembers(field, value, body));
      continue;
    }
    if (field === 'include' && list(value).every((name) => givenNames.has(name))) continue;
    lost.push(field);
  }
  return { native, lost };
}

/** The house's request. Total: whatever a body holds, something is answered, and nothing is thrown. */
export function toHouse(body: Json): ChatRequest {
  const told = messagesOf(body['instructions'], body['input']);
  const request: ChatRequest = {
    ...(typeof body['model'] === 'string' && { model: body['model'] }),
    messages: told.messages,
    ...(body['stream'] === true && { stream: true }),
  };
  const put = (field: string, value: unknown): void => void (value !== undefined && value !== null && (request[field] = value));
  for (const field of sameFields) put(field, body[field]);
  put('max_tokens', finite(body['max_output_tokens']));
  put('reasoning_effort', text(member(body['reasoning'], 'effort')));
  put('response_format', formatOf(body));
  put('verbosity', text(member(body['text'], 'verbosity')));
  if (list(body['include']).includes(logprobsName)) put('logprobs', true);
  if (request['logprobs'] === true) put('top_logprobs', finite(body['top_logprobs']));
  const lostChoice = putTools(body, request);
  const { native, lost } = nativeOf(body);
  if (lostChoice !== null) {
    native['tool_choice'] = body['tool_choice'];
    lost.push(lostChoice);
  }
  // What is no text and no list is read by nobody: a provider of this wire would go without it too, and hears of it.
  for (const field of ['instructions', 'input']) if (told.lost.has(field)) native[field] = body[field];
  lost.push(...told.lost);
  // Without the list that it belongs to it says nothing here; what a provider of this wire makes of it is its own business.
  if (request['logprobs'] !== true && (finite(body['top_logprobs']) ?? 0) > 0) {
    native['top_logprobs'] = body['top_logprobs'];
    lost.push('top_logprobs');
  }
  if (member(body['stream_options'], 'include_obfuscation') === true) lost.push('stream_options.include_obfuscation');
  if (Object.keys(native).length === 0 && lost.length === 0) return request;
  const approximated = approximatedOf(body);
  return {
    ...request,
    patchbay: { wire: wireId, native, lost, approximated, stands: ['reasoning_effort', 'response_format', 'verbosity', 'logprobs'] },
  };
}
