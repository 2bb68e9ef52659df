/** Requests of Ollama's wire in the house's language, without loss: what others cannot be told stays beside it. */
import type { ChatRequest, Native } from '../../domain/chat.ts';
import { asNumber, isRecord, list, text, type Json } from '../../providers/shape.ts';
import { messagesOf, wireId } from './turns.ts';

/** Options of a run that the house says in its own words. All others belong to a server that runs the model itself. */
const saidOptions = ['temperature', 'top_p', 'top_k', 'seed', 'stop', 'presence_penalty', 'frequency_penalty'] as const;

/** Members that the house says in its own words, or that are told apart below. */
const saidFields: ReadonlySet<string> = new Set(['model', 'messages', 'stream', 'tools', 'logprobs', 'top_logprobs']);

const isSaid = (value: unknown): boolean => value !== undefined && value !== null;

/** TRUE for a schema that servers which keep to one strictly take: every object closed, every member demanded. */
function isClosed(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.every(isClosed);
  if (!isRecord(schema)) return true;
  const { properties } = schema;
  if (isRecord(properties)) {
    const demanded = new Set(list(schema['required']));
    if (schema['additionalProperties'] !== false || Object.keys(properties).some((name) => !demanded.has(name))) return false;
    if (!Object.values(properties).every(isClosed)) return false;
  }
  return Object.entries(schema).every(([key, value]) => key === 'properties' || key === 'enum' || key === 'const' || isClosed(value));
}

/** The form of the answer; undefined for none, and for what this wire has no meaning for. */
function formatOf(format: unknown): Json | undefined {
  if (format === 'json') return { type: 'json_object' };
  if (!isRecord(format)) return undefined;
  return { type: 'json_schema', json_schema: { name: 'answer', schema: format, ...(isClosed(format) && { strict: true }) } };
}

/** Thinking that the model doses itself is the middle of the house's efforts. */
function effortOf(think: unknown): string | undefined {
  if (typeof think === 'boolean') return think ? 'medium' : 'none';
  return think === '' ? undefined : text(think);
}

interface Kept {
  native: Json;
  lost: string[];
  stands: string[];
}

function putOptions(options: unknown, request: ChatRequest, { native, lost }: Kept): void {
  if (!isSaid(options)) return;
  if (!isRecord(options)) {
    native['options'] = options;
    lost.push('options');
    return;
  }
  const rest: Json = {};
  for (const [name, kept] of Object.entries(options)) {
    if (!isSaid(kept)) continue;
    // The house reads the others; a seed has 64 bits.
    const value = name === 'seed' ? kept : asNumber(kept);
    if (name === 'num_predict') {
      // Nothing and less mean an answer without a bound of its own, which is what everybody gives who hears of none.
      if (typeof value === 'number' && value > 0) request.max_tokens = value;
      else rest[name] = value;
    } else if ((saidOptions as readonly string[]).includes(name)) {
      if (name !== 'stop' || !Array.isArray(value) || value.length > 0) request[name] = value;
    } else {
      rest[name] = value;
      lost.push(`options.${name}`);
    }
  }
  if (Object.keys(rest).length > 0) native['options'] = rest;
}

/** How this wire says what the house says otherwise, for a provider of this wire. */
function putNative(request: ChatRequest, kept: Kept, field: string, value: unknown, house: [string, unknown]): void {
  kept.native[field] = value;
  const [word, meant] = house;
  if (meant === undefined) return void (value === '' || kept.lost.push(field));
  request[word] = meant;
  kept.stands.push(word);
}

/** A chat request (docs.ollama.com, POST /api/chat). Total: whatever a body holds, something is answered, and nothing is thrown. */
export function toHouse(body: Json): ChatRequest {
  const request: ChatRequest = {
    ...(typeof body['model'] === 'string' && { model: body['model'] }),
    messages: messagesOf(body['messages']),
    ...(body['stream'] !== false && { stream: true }),
  };
  const tools = list(body['tools']).filter(isRecord);
  if (tools.length > 0) request.tools = tools;
  for (const field of ['logprobs', 'top_logprobs']) if (isSaid(body[field])) request[field] = body[field];
  const kept: Kept = { native: {}, lost: [], stands: [] };
  for (const [field, value] of Object.entries(body)) {
    if (saidFields.has(field) || !isSaid(value)) continue;
    if (field === 'options') putOptions(value, request, kept);
    else if (field === 'format') putNative(request, kept, field, value, ['response_format', formatOf(value)]);
    else if (field === 'think') putNative(request, kept, field, value, ['reasoning_effort', effortOf(value)]);
    else {
      kept.native[field] = value;
      kept.lost.push(field);
    }
  }
  if (Object.keys(kept.native).length === 0) return request;
  const native: Native = { wire: wireId, native: kept.native, lost: kept.lost, stands: kept.stands };
  return { ...request, patchbay: native };
}

/** A prompt (docs.ollama.com, POST /api/generate) as the conversation that says the same; what a conversation has no word for stays as it is. */
export function generateToHouse(body: Json): ChatRequest {
  const { system, prompt, images, messages, ...rest } = body;
  const instructions = text(system) ?? '';
  const said = { role: 'user', content: text(prompt) ?? '', ...(isSaid(images) && { images }) };
  const request = toHouse({ ...rest, messages: [...(instructions === '' ? [] : [{ role: 'system', content: instructions }]), said] });
  if (!isSaid(messages)) return request;
  const native = (request['patchbay'] as Native | undefined) ?? { wire: wireId, native: {}, lost: [] };
  return { ...request, patchbay: { ...native, lost: [...native.lost, 'messages'] } };
}
