/** What a translation has no word for: every field of a request that it did not read is reported, unless leaving it out says the same. */
import type { ChatRequest } from '../domain/chat.ts';
import { isDeepStrictEqual } from 'node:util';
import type { Change } from '../domain/ledger.ts';
import { chatParameters } from './parameters-chat.ts';
import { checkRole } from './roles.ts';
import { finite, isRecord, list, member, text, type Json } from './shape.ts';

/** Fields of the house's request that every translation reads; each adds its own to them. */
export const commonFields: readonly string[] = [
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
  'patchbay',
];

/** TRUE for a value that asks for what everybody gets: leaving it out loses nothing. */
export function saysNothing(parameter: string, value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return chatParameters.get(parameter)?.idle.some((idle) => isDeepStrictEqual(idle, value)) ?? false;
}

const toolMembers: ReadonlySet<string> = new Set(['type', 'function', 'cache_control', 'patchbay']);
const functionMembers: ReadonlySet<string> = new Set(['name', 'description', 'parameters', 'strict', 'cache_control']);

/** What has a function is one to every translation, whatever else it calls itself. */
const isOtherKind = (type: unknown): boolean => type !== undefined && type !== null && type !== 'function';

/** Adds a `dropped` for each member of a function that no wire has words for. */
function reportUnreadTools(tools: unknown, changed: Change[]): void {
  const report = reporterInto(changed);
  for (const tool of list(tools)) {
    const fn = member(tool, 'function');
    if (!isRecord(tool) || !isRecord(fn)) continue;
    if (isOtherKind(tool['type'])) report({ parameter: 'tools.type', what: 'approximated', to: 'function' });
    for (const [name, value] of Object.entries(tool))
      if (!toolMembers.has(name) && !isEmpty(value)) report({ parameter: `tools.${name}`, what: 'dropped' });
    for (const [name, value] of Object.entries(fn))
      if (!functionMembers.has(name) && !isEmpty(value)) report({ parameter: `tools.function.${name}`, what: 'dropped' });
  }
}

/** Adds a `dropped` for each field that nobody read and that says something. */
export function reportUnread(request: ChatRequest, isRead: (parameter: string) => boolean, changed: Change[]): void {
  for (const [parameter, value] of Object.entries(request))
    if (!isRead(parameter) && !saysNothing(parameter, value)) changed.push({ parameter, what: 'dropped' });
  reportUnreadTools(request.tools, changed);
  // Usage is given to whoever asks, whoever answers; the option's other members are known to its own wire alone.
  const options = request.stream_options;
  if (!isRecord(options)) return;
  for (const [name, value] of Object.entries(options))
    if (name !== 'include_usage' && value !== false && value !== null)
      changed.push({ parameter: `stream_options.${name}`, what: 'dropped' });
}

/** Reports each parameter once, however many messages have it. */
export function reporterInto(changed: Change[]): (change: Change) => void {
  const reported = new Set<string>();
  return (change) => {
    if (reported.has(change.parameter)) return;
    reported.add(change.parameter);
    changed.push(change);
  };
}

/** Members of a message that every translation reads or reports by itself. `annotations` and their like are of an answer, and ask for nothing. */
const messageFields: ReadonlySet<string> = new Set([
  'role',
  'content',
  'refusal',
  'tool_calls',
  'tool_call_id',
  'function_call',
  'reasoning_content',
  'patchbay',
  'cache_control',
  'is_error',
  'annotations',
]);

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || value === '' || value === false || (Array.isArray(value) && value.length === 0);

/** How OpenAI's wires say on a part that what stands before it is to be cached. */
export const cacheMark = 'prompt_cache_breakpoint';

/**
 * Reports what no translation reads of a message: who spoke, sound that is kept under a name, content that is neither text nor parts, and
 * marks on parts where the wire does not have them. Throws UpstreamFailure('bad_request') for a role that nobody knows.
 */
export function reportUnreadMessage(message: Json, report: (change: Change) => void, hasMarks = false): void {
  checkRole(message);
  const isResult = message['role'] === 'tool' || message['role'] === 'function';
  for (const [name, value] of Object.entries(message))
    // The name of a result is that of its function.
    if (!messageFields.has(name) && !isEmpty(value) && !(isResult && name === 'name'))
      report({ parameter: `messages.${name}`, what: 'dropped' });
  if (list(message['tool_calls']).some((call) => isRecord(member(call, 'function')) && isOtherKind(member(call, 'type'))))
    report({ parameter: 'messages.tool_calls.type', what: 'approximated', to: 'function' });
  const { content } = message;
  if (!hasMarks && list(content).some((part) => !isEmpty(member(part, cacheMark))))
    report({ parameter: `messages.${cacheMark}`, what: 'dropped' });
  if (!isEmpty(content) && typeof content !== 'string' && !Array.isArray(content))
    report({ parameter: 'messages.content', what: 'dropped' });
}

/** Reports how closely a picture was to be looked at, for wires that have no word for it. */
export function reportDetail(part: Json, report: (change: Change) => void): void {
  const detail = text(member(part['image_url'], 'detail'));
  if (detail !== undefined && detail !== 'auto') report({ parameter: 'messages.image_url.detail', what: 'dropped' });
}

/** A number that a request says; anything else that stands in its place is lost, and reported. */
export function numberOf(request: ChatRequest, parameter: string, changed: Change[]): number | undefined {
  const value = request[parameter];
  const number = finite(value);
  if (number === undefined && value !== undefined && value !== null) changed.push({ parameter, what: 'dropped' });
  return number;
}
