/** Tools, the choice among them, and answers in a given JSON form, in Anthropic's words. */
import type { ChatRequest } from '../../domain/chat.ts';
import type { Change } from '../../domain/ledger.ts';
import type { ModelTraits } from '../claude-models.ts';
import { allowedOf, described } from '../content.ts';
import { isRecord, list, member, text, type Json } from '../shape.ts';
import { jsonToolName } from './wire.ts';

const emptySchema = { type: 'object', properties: {} };

function functionTool(fn: Json, outer: Json): Json {
  const marker = outer['cache_control'] ?? fn['cache_control'];
  return {
    name: text(fn['name']) ?? '',
    ...(text(fn['description']) !== undefined && { description: fn['description'] }),
    input_schema: isRecord(fn['parameters']) ? { type: 'object', ...fn['parameters'] } : emptySchema,
    ...(fn['strict'] === true && { strict: true }),
    ...(marker !== undefined && { cache_control: marker }),
  };
}

function toolsOf(request: ChatRequest, changed: Change[]): Json[] {
  const tools: Json[] = [];
  let hasForeign = false;
  for (const tool of list(request.tools)) {
    if (!isRecord(tool)) continue;
    const fn = tool['function'];
    if (isRecord(fn)) tools.push(functionTool(fn, tool));
    // A grammar tool of OpenAI's has no counterpart; every other named tool is one of Anthropic's own.
    else if (tool['type'] === 'custom' && isRecord(tool['custom'])) hasForeign = true;
    else tools.push(tool);
  }
  for (const fn of list(request['functions'])) if (isRecord(fn)) tools.push(functionTool(fn, fn));
  if (hasForeign) changed.push({ parameter: 'tools.custom', what: 'dropped' });
  if (list(request['functions']).length > 0) changed.push({ parameter: 'functions', what: 'renamed', to: 'tools' });
  return tools;
}

interface Choice {
  choice: Json | null;
  /** Names that may be called, where the caller allowed only some of the tools. */
  only: ReadonlySet<string> | null;
}

function choiceOf(wanted: unknown, changed: Change[]): Choice {
  if (wanted === 'auto') return { choice: { type: 'auto' }, only: null };
  if (wanted === 'none') return { choice: { type: 'none' }, only: null };
  if (wanted === 'required' || wanted === 'any') return { choice: { type: 'any' }, only: null };
  if (!isRecord(wanted)) {
    if (wanted !== undefined && wanted !== null) changed.push({ parameter: 'tool_choice', what: 'dropped' });
    return { choice: null, only: null };
  }
  const name = text(member(wanted['function'], 'name'));
  if (name !== undefined) return { choice: { type: 'tool', name }, only: null };
  const allowed = allowedOf(wanted);
  if (allowed) {
    changed.push({ parameter: 'tool_choice.allowed_tools', what: 'approximated', to: 'tools' });
    return { choice: { type: allowed.mode === 'required' ? 'any' : 'auto' }, only: new Set(allowed.only) };
  }
  // Anthropic's own form, or the older `{name}` of function_call.
  const own = text(wanted['name']);
  if (wanted['type'] === 'tool' || (wanted['type'] === undefined && own !== undefined))
    return { choice: { ...wanted, type: 'tool', name: own ?? '' }, only: null };
  if (wanted['type'] === 'auto' || wanted['type'] === 'any' || wanted['type'] === 'none') return { choice: wanted, only: null };
  changed.push({ parameter: 'tool_choice', what: 'dropped' });
  return { choice: null, only: null };
}

/** Writes `tools` and `tool_choice` into a body. TRUE where a tool is forced, which thinking does not go with. */
export function putTools(request: ChatRequest, body: Json, changed: Change[]): boolean {
  const all = toolsOf(request, changed);
  const { choice, only } = choiceOf(request.tool_choice ?? request['function_call'], changed);
  const tools = only === null ? all : all.filter((tool) => only.has(text(tool['name']) ?? ''));
  if (tools.length === 0) return false;
  body['tools'] = tools;
  const isSerial = request['parallel_tool_calls'] === false;
  const base = choice ?? (isSerial ? { type: 'auto' } : null);
  if (base) body['tool_choice'] = isSerial && base['type'] !== 'none' ? { ...base, disable_parallel_tool_use: true } : base;
  return base?.['type'] === 'any' || base?.['type'] === 'tool';
}

/** The sentence that stands for `json_object`, which this wire has no word for. */
export const jsonInstruction = 'Answer with one JSON object and nothing else.';

/**
 * Writes the form of the answer into a body. Answers whether a tool is forced by it, and an instruction to add; models
 * without an output format answer through one forced tool, whose input becomes the text again.
 */
export function putFormat(
  request: ChatRequest,
  body: Json,
  traits: ModelTraits,
  changed: Change[],
): { isForced: boolean; instruction: string | null } {
  const format = request['response_format'];
  const type = member(format, 'type');
  if (type === 'json_object') {
    changed.push({ parameter: 'response_format', what: 'approximated', to: 'system' });
    return { isForced: false, instruction: jsonInstruction };
  }
  const form = member(format, 'json_schema');
  const said = member(form, 'schema');
  if (type !== 'json_schema' || !isRecord(said)) {
    if (type !== undefined && type !== 'text') changed.push({ parameter: 'response_format', what: 'dropped' });
    return { isForced: false, instruction: null };
  }
  const schema = described(said, member(form, 'description'));
  if (traits.hasOutputFormat) {
    const config = isRecord(body['output_config']) ? body['output_config'] : {};
    body['output_config'] = { ...config, format: { type: 'json_schema', schema } };
    changed.push({ parameter: 'response_format', what: 'renamed', to: 'output_config.format' });
    return { isForced: false, instruction: null };
  }
  if (body['tools'] !== undefined) {
    // Forcing the answer's tool would take the caller's own tools away.
    changed.push({ parameter: 'response_format', what: 'dropped' });
    return { isForced: false, instruction: null };
  }
  body['tools'] = [
    { name: jsonToolName, description: 'Gives the answer in the form that was asked for.', input_schema: { type: 'object', ...schema } },
  ];
  body['tool_choice'] = { type: 'tool', name: jsonToolName, disable_parallel_tool_use: true };
  changed.push({ parameter: 'response_format', what: 'approximated', to: 'tools' });
  return { isForced: true, instruction: null };
}
