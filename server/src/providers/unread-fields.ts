/** What a translation has no word for: every field of a request that it did not read is reported, unless leaving it out says the same. */
import type { ChatRequest } from '../domain/chat.ts';
import { isDeepStrictEqual } from 'node:util';
import type { Change } from '../domain/ledger.ts';
import { chatParameters } from './parameters-chat.ts';
import { isRecord } from './shape.ts';

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

/** Adds a `dropped` for each field that nobody read and that says something. */
export function reportUnread(request: ChatRequest, isRead: (parameter: string) => boolean, changed: Change[]): void {
  for (const [parameter, value] of Object.entries(request))
    if (!isRead(parameter) && !saysNothing(parameter, value)) changed.push({ parameter, what: 'dropped' });
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
