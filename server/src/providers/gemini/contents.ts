/** The house's messages as Google's contents: what was said, calls with their signatures, and results under the right names. */
import type { Change } from '../../domain/ledger.ts';
import type { Destination } from '../protocol.ts';
import { isRecord, list, member, parseExactly, parseJson, text, withBefore, type Json } from '../shape.ts';
import { reportUnreadMessage } from '../unread-fields.ts';
import { partsOf, type Reporter } from './media.ts';
import { lostSignature, traitsOf, type Content, type ModelTraits, type Part } from './wire.ts';

export interface Conversation {
  system: Part[];
  contents: Content[];
}

/** A call of the history, found again by the id that its result names. */
interface Called {
  name: string;
  /** The provider's own id; undefined where it gave none, or where it was lost. */
  id: string | undefined;
  /** Place among the calls of its message: results are told in the order of the calls. */
  at: number;
}

interface Context extends Reporter {
  traits: ModelTraits;
  called: Map<string, Called>;
}

interface Call {
  id: string;
  part: Part;
}

function argsOf(args: unknown, context: Context): Json {
  if (isRecord(args)) return args;
  const source = text(args) ?? '';
  if (source.trim() === '') return {};
  const parsed = parseExactly(source);
  if (isRecord(parsed)) return parsed;
  context.report({ parameter: 'messages.tool_calls.arguments', what: 'approximated', to: 'args.arguments' });
  return { arguments: source };
}

/** Calls as the house says them. Google's OpenAI-compatible wire keeps a signature on the call itself, which is taken along. */
function callsOf(message: Json, context: Context): Call[] {
  const calls: Call[] = [];
  for (const call of list(message['tool_calls'])) {
    const fn = member(call, 'function');
    if (!isRecord(fn)) {
      context.report({ parameter: 'messages.tool_calls', what: 'dropped' });
      continue;
    }
    const signature = text(member(member(member(call, 'extra_content'), 'google'), 'thought_signature'));
    const functionCall = { name: text(fn['name']) ?? '', args: argsOf(fn['arguments'], context) };
    const part: Part = { functionCall, ...(signature !== undefined && { thoughtSignature: signature }) };
    calls.push({ id: text(member(call, 'id')) ?? '', part });
  }
  const legacy = message['function_call'];
  if (isRecord(legacy)) {
    const name = text(legacy['name']) ?? '';
    calls.push({ id: name, part: { functionCall: { name, args: argsOf(legacy['arguments'], context) } } });
  }
  return calls;
}

const saidBy = (parts: readonly Part[]): string =>
  parts
    .filter((part) => part['thought'] !== true)
    .map((part) => text(part['text']) ?? '')
    .join('');
const isCall = (part: Part): boolean => isRecord(part['functionCall']);
const calledBy = (parts: readonly Part[]): string =>
  JSON.stringify(parts.filter(isCall).map((part) => [member(part['functionCall'], 'name'), member(part['functionCall'], 'args') ?? {}]));

/** Gemini 3 refuses a step whose first call has no signature; the documented stand-in keeps the conversation going. */
function withSignature(parts: Part[], context: Context): Part[] {
  const first = parts.findIndex(isCall);
  if (!context.traits.isSigned || first < 0 || parts.some((part) => part['thoughtSignature'] !== undefined)) return parts;
  context.report({ parameter: 'messages.patchbay.blocks', what: 'approximated', to: 'thoughtSignature' });
  return parts.map((part, at) => (at === first ? { ...part, thoughtSignature: lostSignature } : part));
}

/** Parts that this wire gave before, as long as the message still says the same; an edited message is told anew, without them. */
function assistantParts(message: Json, context: Context): Part[] {
  const said = partsOf(message['content'], context);
  const refusal = text(message['refusal']) ?? '';
  const refused: Part[] = refusal === '' ? [] : [{ text: refusal }];
  const calls = callsOf(message, context);
  const plain = [...said, ...refused, ...calls.map((call) => call.part)];
  const blocks = list(member(message['patchbay'], 'blocks')).filter(isRecord);
  const kept = blocks.filter((block) => block['type'] === undefined);
  const isUnchanged = kept.length > 0 && saidBy(kept) === saidBy(said) && calledBy(kept) === calledBy(plain);
  if (blocks.length > 0 && !isUnchanged) context.report({ parameter: 'messages.patchbay.blocks', what: 'dropped' });
  else if (blocks.length === 0 && text(message['reasoning_content']))
    context.report({ parameter: 'messages.reasoning_content', what: 'dropped' });
  // A refusal is told beside the parts and is none of them.
  const known = isUnchanged ? withBefore(kept, isCall, refused) : plain;
  const parts = withSignature(known, context);
  for (const [at, part] of parts.filter(isCall).entries()) {
    const functionCall = part['functionCall'];
    const id = calls[at]?.id ?? '';
    context.called.set(id, { name: text(member(functionCall, 'name')) ?? '', id: text(member(functionCall, 'id')), at });
  }
  return parts;
}

/** Whole numbers longer than this lose digits when they are read; a result with one stays a text. */
const longNumber = /\d{16,}/;

/** A result has to be an object: one that is JSON is taken as it is, everything else stands under the documented names. */
function responseOf(said: string, isError: boolean): Json {
  if (isError) return { error: said };
  const parsed = longNumber.test(said) ? undefined : parseJson(said);
  if (isRecord(parsed)) return parsed;
  return { output: Array.isArray(parsed) ? parsed : said };
}

interface Result {
  at: number;
  parts: Part[];
}

function resultOf(message: Json, context: Context): Result {
  const id = text(message['role'] === 'function' ? message['name'] : message['tool_call_id']) ?? '';
  const given = partsOf(message['content'], context);
  const said = saidBy(given);
  const media = given.filter((part) => part['text'] === undefined);
  const call = context.called.get(id);
  const name = call?.name ?? text(message['name']);
  if (name === undefined) {
    // A result must name its function. One whose call is not there can only be told.
    context.report({ parameter: 'messages.tool_call_id', what: 'approximated', to: 'text' });
    return { at: Number.MAX_SAFE_INTEGER, parts: given };
  }
  const isInside = media.length > 0 && context.traits.isSigned;
  if (media.length > 0 && !isInside) context.report({ parameter: 'messages.tool.content', what: 'approximated', to: 'parts' });
  const functionResponse = {
    ...(call?.id !== undefined && { id: call.id }),
    name,
    response: responseOf(said, message['is_error'] === true),
    ...(isInside && { parts: media }),
  };
  return { at: call?.at ?? Number.MAX_SAFE_INTEGER, parts: [{ functionResponse }, ...(isInside ? [] : media)] };
}

const isInstruction = (message: Json): boolean => message['role'] === 'system' || message['role'] === 'developer';
const isResult = (message: unknown): message is Json => isRecord(message) && (message['role'] === 'tool' || message['role'] === 'function');

/** Instructions where they can be said apart; else they open the conversation. */
function placed(system: Part[], contents: Content[], context: Context): Conversation {
  if (system.length === 0 || (context.traits.hasInstructions && contents.length > 0)) return { system, contents };
  context.report({ parameter: 'messages.system', what: 'approximated', to: 'contents' });
  return { system: [], contents: [{ role: 'user', parts: system }, ...contents] };
}

/**
 * Messages as instructions and contents. Results that follow one another are one content, in the order of their calls, as
 * the provider demands; instructions that stand between turns move to the front, and that is reported.
 */
export function conversationOf(messages: unknown, to: Destination, changed: Change[]): Conversation {
  const reported = new Set<string>();
  const context: Context = {
    traits: traitsOf(to.model),
    called: new Map(),
    baseUrl: to.baseUrl,
    report(change) {
      if (reported.has(change.parameter)) return;
      reported.add(change.parameter);
      changed.push(change);
    },
  };
  const system: Part[] = [];
  const contents: Content[] = [];
  let results: Result[] = [];
  const add = (role: Content['role'], parts: Part[]): void => {
    if (parts.length > 0) contents.push({ role, parts });
  };
  const flush = (): void => {
    add(
      'user',
      results.toSorted((a, b) => a.at - b.at).flatMap((result) => result.parts),
    );
    results = [];
  };
  for (const message of list(messages)) {
    if (isRecord(message)) reportUnreadMessage(message, (change) => context.report(change));
    if (isResult(message)) {
      results.push(resultOf(message, context));
      continue;
    }
    flush();
    if (!isRecord(message)) continue;
    if (message['cache_control'] !== undefined) context.report({ parameter: 'messages.cache_control', what: 'dropped' });
    if (isInstruction(message)) {
      if (contents.length > 0) context.report({ parameter: 'messages.system', what: 'approximated', to: 'systemInstruction' });
      system.push(...partsOf(message['content'], context));
    } else if (message['role'] === 'assistant') add('model', assistantParts(message, context));
    else add('user', partsOf(message['content'], context));
  }
  flush();
  return placed(system, contents, context);
}
