/** Pieces of the house's messages that every translation reads alike: data addresses, calls' arguments and the older spellings. */
import type { Change } from '../domain/ledger.ts';
import { mimeOfName } from './media-types.ts';
import { isRecord, list, member, parseExactly, text, type Json } from './shape.ts';

const dataUrlHead = /^data:([^;,]*)((?:;[^;,]*)*),/i;
const headCharsMax = 512;

export interface InlineData {
  mimeType: string;
  base64: string;
}

/** What a `data:` address holds; null for every other address, and for one that cannot be read. */
export function inlineDataOf(url: string): InlineData | null {
  const head = dataUrlHead.exec(url.slice(0, headCharsMax));
  if (!head) return null;
  const mimeType = head[1] === '' || head[1] === undefined ? 'text/plain' : head[1].toLowerCase();
  const rest = url.slice(head[0].length);
  if (head[2]?.toLowerCase().includes(';base64')) return { mimeType, base64: rest };
  try {
    return { mimeType, base64: Buffer.from(decodeURIComponent(rest), 'utf8').toString('base64') };
  } catch {
    return null;
  }
}

const base64Head = /^[\w+/=\s-]+$/;

/** What a file holds that came as a `data:` address or, as OpenAI has it too, in plain base64; null for anything else. */
export function fileDataOf(data: string, name: string): InlineData | null {
  if (/^data:/i.test(data)) return inlineDataOf(data);
  return base64Head.test(data.slice(0, headCharsMax)) ? { mimeType: mimeOfName(name) ?? 'application/pdf', base64: data } : null;
}

/** Address of an `image_url` part, in either of its spellings. */
export const imageUrlOf = (part: Json): string | undefined => text(part['image_url']) ?? text(member(part['image_url'], 'url'));

/** A call of an assistant's message, whichever of the two spellings it came in. */
export interface SaidCall {
  id: string;
  name: string;
  input: Json;
  /** The part that said it, for markers that stand on it. */
  from: Json;
}

/** Arguments as an object. Text that is no JSON object is kept under one name, and that is reported. */
function inputOf(args: unknown, report: (change: Change) => void): Json {
  if (isRecord(args)) return args;
  const source = text(args) ?? '';
  if (source.trim() === '') return {};
  const parsed = parseExactly(source);
  if (isRecord(parsed)) return parsed;
  report({ parameter: 'messages.tool_calls.arguments', what: 'approximated', to: 'arguments' });
  return { arguments: source };
}

/** The function calls of one message; calls of other kinds are reported. */
export function saidCalls(message: Json, report: (change: Change) => void): SaidCall[] {
  const calls: SaidCall[] = [];
  for (const call of list(message['tool_calls'])) {
    const fn = member(call, 'function');
    if (!isRecord(call) || !isRecord(fn)) {
      report({ parameter: 'messages.tool_calls', what: 'dropped' });
      continue;
    }
    calls.push({ id: text(call['id']) ?? '', name: text(fn['name']) ?? '', input: inputOf(fn['arguments'], report), from: call });
  }
  const legacy = message['function_call'];
  if (isRecord(legacy)) {
    const name = text(legacy['name']) ?? '';
    calls.push({ id: name, name, input: inputOf(legacy['arguments'], report), from: legacy });
  }
  return calls;
}

/** Id that a result answers to: of its call, or the name of an older function. */
export const resultIdOf = (message: Json): string => text(message['role'] === 'function' ? message['name'] : message['tool_call_id']) ?? '';

/** A function that may be called, whichever spelling it was declared in. */
export interface DeclaredFunction {
  name: string;
  description: string | undefined;
  parameters: Json;
  isStrict: boolean;
  from: Json;
}

const emptySchema = { type: 'object', properties: {} };

/** Functions a request offers. Tools of other kinds go to `other`. The older `functions` are reported as renamed. */
export function declaredFunctions(request: Json, changed: Change[], other: (tool: Json) => void): DeclaredFunction[] {
  const found: DeclaredFunction[] = [];
  const declare = (fn: Json, from: Json): void => {
    const parameters = isRecord(fn['parameters']) ? { type: 'object', ...fn['parameters'] } : emptySchema;
    found.push({ name: text(fn['name']) ?? '', description: text(fn['description']), parameters, isStrict: fn['strict'] === true, from });
  };
  for (const tool of list(request['tools'])) {
    if (!isRecord(tool)) continue;
    if (isRecord(tool['function'])) declare(tool['function'], tool);
    else other(tool);
  }
  const legacy = list(request['functions']).filter(isRecord);
  for (const fn of legacy) declare(fn, fn);
  if (legacy.length > 0) changed.push({ parameter: 'functions', what: 'renamed', to: 'tools' });
  return found;
}

/** What the caller says of calling: freely, not at all, in any case, or certain functions alone. Null where nothing is said. */
export type ToolChoice = { mode: 'auto' | 'none' | 'required'; only: readonly string[] | null } | null;

const modes: Readonly<Record<string, 'auto' | 'none' | 'required'>> = { auto: 'auto', none: 'none', required: 'required', any: 'required' };
export const nameOf = (tool: unknown): string => text(member(member(tool, 'function'), 'name')) ?? text(member(tool, 'name')) ?? '';

/** A choice among some of the functions, in either spelling; null for every other choice, and for a mode that nobody knows. */
export function allowedOf(wanted: Json): { mode: 'auto' | 'required'; only: string[] } | null {
  if (wanted['type'] !== 'allowed_tools') return null;
  const allowed = isRecord(wanted['allowed_tools']) ? wanted['allowed_tools'] : wanted;
  const mode = allowed['mode'] ?? 'auto';
  return mode === 'auto' || mode === 'required' ? { mode, only: list(allowed['tools']).map(nameOf) } : null;
}

/** Reads `tool_choice` and the older `function_call`; a form that nobody knows is reported. */
export function toolChoiceOf(request: Json, changed: Change[]): ToolChoice {
  const wanted = request['tool_choice'] ?? request['function_call'];
  if (wanted === undefined || wanted === null) return null;
  const said = text(wanted) ?? text(member(wanted, 'type')) ?? '';
  if (Object.hasOwn(modes, said)) return { mode: modes[said] ?? 'auto', only: null };
  const allowed = isRecord(wanted) ? allowedOf(wanted) : null;
  if (allowed) return allowed;
  const name = nameOf(wanted);
  if (name !== '') return { mode: 'required', only: [name] };
  changed.push({ parameter: 'tool_choice', what: 'dropped' });
  return null;
}

/** The schema and the name that an answer has to follow, or that it has to be any JSON; null for free text. */
export type AnswerForm =
  | { kind: 'json' }
  | { kind: 'schema'; schema: Json; name: string; description: string | undefined; isStrict: boolean };

/** A schema with what was said beside it of the form, for wires that have no place for that but the schema itself. */
export function described(schema: Json, description: unknown): Json {
  const [outer, own] = [text(description) ?? '', text(schema['description']) ?? ''];
  return outer === '' ? schema : { ...schema, description: own === '' ? outer : `${outer}\n\n${own}` };
}

/** Reads `response_format`; a form that nobody knows is reported. */
export function answerFormOf(request: Json, changed: Change[]): AnswerForm | null {
  const format = request['response_format'];
  const type = member(format, 'type');
  if (type === undefined || type === 'text') return null;
  if (type === 'json_object') return { kind: 'json' };
  const inner = member(format, 'json_schema');
  const schema = member(inner, 'schema');
  if (type === 'json_schema' && isRecord(schema))
    return {
      kind: 'schema',
      schema,
      name: text(member(inner, 'name')) ?? 'answer',
      description: text(member(inner, 'description')),
      isStrict: member(inner, 'strict') === true,
    };
  changed.push({ parameter: 'response_format', what: 'dropped' });
  return null;
}

/** Most characters of an answer's id that go into the ids of its calls: together they stay within the 40 that others allow. */
const idCharsMax = 24;

/** An id for a call that its provider gave none: the answer's own id and a number are unique in a conversation. */
export const callIdOf = (given: unknown, answerId: string, at: number): string =>
  text(given) || `call_${answerId.slice(-idCharsMax)}_${at}`;

/** Stop sequences as a list; texts alone. */
export const stopsOf = (stop: unknown): string[] =>
  [stop ?? []].flat().filter((one): one is string => typeof one === 'string' && one !== '');
