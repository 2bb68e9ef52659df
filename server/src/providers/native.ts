/** Settles what only one wire can say: back as it came for a provider of that wire; left out, moved and named for every other. */
import type { ChatRequest, Native } from '../domain/chat.ts';
import { UpstreamFailure } from '../domain/errors.ts';
import type { Change } from '../domain/ledger.ts';
import type { Destination } from './protocol.ts';
import { refuseRole } from './roles.ts';
import { isRecord, list, member, text, type Json } from './shape.ts';
import type { WireId } from './writer.ts';

interface Context {
  /** The caller's wire where the provider speaks it too; null for a translation. */
  wire: WireId | null;
  report(change: Change): void;
}

/** What stands under `patchbay`, where it is of this kind; undefined for none, and for blocks of an answer. */
function nativeOf(value: unknown): Native | undefined {
  const found = member(value, 'patchbay');
  return isRecord(found) && typeof found['wire'] === 'string' && 'native' in found ? (found as unknown as Native) : undefined;
}

function without(value: Json): Json {
  const { patchbay: _native, ...rest } = value;
  return rest;
}

function reportLost(place: string, native: Native, context: Context): void {
  const named = (name: string): string => (place === '' ? name : `${place}.${name}`);
  for (const name of native.lost) context.report({ parameter: named(name), what: 'dropped' });
  for (const name of native.approximated ?? []) context.report({ parameter: named(name), what: 'approximated' });
}

/** A part of a message; null for one that other wires go without. */
function settledPart(part: unknown, context: Context): unknown {
  const native = nativeOf(part);
  if (!native || !isRecord(part)) return part;
  if (native.wire === context.wire) return native.native;
  reportLost('messages', native, context);
  return native.isOnly ? null : without(part);
}

function settledContent(content: unknown, context: Context): unknown {
  if (!Array.isArray(content)) return content;
  return content.map((part) => settledPart(part, context)).filter((part) => part !== null);
}

function settledMessage(message: unknown, context: Context): unknown {
  if (!isRecord(message)) return message;
  const settled: Json = { ...message, ...(message['content'] !== undefined && { content: settledContent(message['content'], context) }) };
  const native = nativeOf(message);
  if (!native) return settled;
  // Also for a provider of that wire: whoever writes the request anew has to know who speaks.
  if (native.isOnly) refuseRole(member(native.native, 'role'), native.wire === 'responses' ? 'input' : 'messages');
  const plain = without(settled);
  if (native.wire === context.wire) return { ...plain, ...(isRecord(native.native) ? native.native : {}) };
  reportLost('messages', native, context);
  return plain;
}

/** A tool that runs at the provider has no counterpart elsewhere. Who asked for it and does not get it must hear so. */
function settledTools(tools: unknown, to: Destination, context: Context): unknown {
  if (!Array.isArray(tools)) return tools;
  const mode = to.settings['parameterMode'];
  return tools.flatMap((tool: unknown): unknown[] => {
    const native = nativeOf(tool);
    if (!native || !isRecord(tool)) return [tool];
    if (native.wire === context.wire) return [native.native];
    if (!native.isOnly) {
      reportLost('tools', native, context);
      return [without(tool)];
    }
    const name = text(tool['type']) ?? 'unknown';
    if (mode !== 'warn' && mode !== 'drop')
      throw new UpstreamFailure('bad_request', `the provider has no tool ${name}`, {
        told: { param: 'tools', message: `The tool "${name.slice(0, nameCharsMax)}" does not exist at the provider of this model.` },
      });
    context.report({ parameter: `tools.${name}`, what: 'dropped' });
    return [];
  });
}

const nameCharsMax = 100;

/** Fields of messages that the house knows and OpenAI's wire does not; strict servers refuse a message with a field too many. */
const houseFields = ['is_error', 'cache_control'] as const;

/** Of an assistant that did nothing but what only its own wire can say: servers refuse a message that says nothing. */
const isBare = (message: Json): boolean =>
  list(member(message['patchbay'], 'items')).length > 0 &&
  message['content'] === '' &&
  message['tool_calls'] === undefined &&
  message['reasoning_content'] === undefined;

const isText = (part: unknown): boolean => typeof part === 'string' || member(part, 'type') === 'text';

/**
 * Messages for a provider of OpenAI's chat wire: results are texts there, so pictures of a tool are shown by the user right after
 * them, and fields of other wires are left out.
 */
function forChat(messages: readonly unknown[], to: Destination, context: Context): unknown[] {
  const settled: unknown[] = [];
  let shown: unknown[] = [];
  const show = (): void => {
    if (shown.length > 0) settled.push({ role: 'user', content: shown });
    shown = [];
  };
  for (const message of messages) {
    if (!isRecord(message) || message['role'] !== 'tool') show();
    if (!isRecord(message) || isBare(message)) continue;
    const plain: Json = { ...message };
    for (const field of houseFields) {
      if (plain[field] === undefined) continue;
      context.report({ parameter: `messages.${field}`, what: 'dropped' });
      delete plain[field];
    }
    if (plain['reasoning_content'] !== undefined && to.row.families === 'openai') {
      context.report({ parameter: 'messages.reasoning_content', what: 'dropped' });
      delete plain['reasoning_content'];
    }
    if (plain['role'] === 'tool' && Array.isArray(plain['content'])) {
      const parts = plain['content'] as unknown[];
      const media = parts.filter((part) => !isText(part));
      const said = parts.filter(isText).map((part) => (typeof part === 'string' ? part : (text(member(part, 'text')) ?? '')));
      plain['content'] = said.length > 0 || media.length === 0 ? said.join('\n') : 'See the following message.';
      if (media.length > 0) context.report({ parameter: 'messages.tool.content', what: 'approximated', to: 'messages.user.content' });
      shown.push(...media);
    }
    settled.push(plain);
  }
  show();
  return settled;
}

/**
 * The request for one provider. `wire` is the caller's wire where the provider speaks it too, else null. Throws
 * UpstreamFailure('bad_request') for a role that nobody here knows, and for a tool that the provider does not have, unless the
 * connection says to go without.
 */
export function settleNative(request: ChatRequest, wire: WireId | null, to: Destination): { request: ChatRequest; changed: Change[] } {
  const changed: Change[] = [];
  const reported = new Set<string>();
  const context: Context = {
    wire,
    report(change) {
      if (reported.has(change.parameter)) return;
      reported.add(change.parameter);
      changed.push(change);
    },
  };
  const native = nativeOf(request);
  const { patchbay: _native, ...plain } = request;
  const settled: ChatRequest = { ...plain };
  if (native && native.wire === wire) {
    for (const field of native.stands ?? []) delete settled[field];
    Object.assign(settled, isRecord(native.native) ? native.native : {});
  } else if (native) reportLost('', native, context);
  const messages = list(settled.messages).map((message) => settledMessage(message, context));
  settled.messages = to.row.protocol === 'openai' ? forChat(messages, to, context) : messages;
  if (settled.tools !== undefined) {
    const tools = settledTools(settled.tools, to, context);
    if (list(tools).length > 0) settled.tools = tools;
    else delete settled.tools;
  }
  if (settled.tools === undefined) for (const field of ['tool_choice', 'parallel_tool_calls']) delete settled[field];
  return { request: settled, changed };
}
