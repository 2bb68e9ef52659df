/** Where texts stand in a body, whatever wire it is in: everything that people or models said, and none of the names and ids around it. */
import type { Attachment, OfferedTool } from '../domain/policy-request.ts';
import type { AttachmentKind } from '../domain/policy.ts';
import { digitsOf, list } from '../providers/shape.ts';

/** One text and where it stands, so that it can be replaced. */
export interface Spot {
  holder: Record<string, unknown> | unknown[];
  key: string | number;
  text: string;
  /** The text is a JSON document by itself: arguments of a call. */
  isJson: boolean;
  /** The text is the name under which a value stands. */
  isName?: true;
  /** The same for all parts of a message that a model reads as one text. */
  run?: object;
  /** The text stands beside what is asked: who asks, and what is noted of it. */
  isBeside?: true;
}

/** Members that hold no words: ids, kinds, proofs, bytes. What is not named here is read. */
const wordless: ReadonlySet<string> = new Set([
  'id', 'object', 'model', 'type', 'role', 'status', 'finish_reason', 'stop_reason', 'native_finish_reason', 'signature', 'encrypted_content',
  'call_id', 'item_id', 'tool_call_id', 'tool_use_id', 'response_id', 'previous_response_id', 'previous_id', 'container_id', 'system_fingerprint',
  'service_tier', 'provider', 'media_type', 'mime_type', 'encoding_format', 'detail', 'phase', 'obfuscation', 'cache_control', 'usage', 'stream',
  'thought_signature', 'created_at', 'done_reason', 'index', 'logprobs', 'b64_json', 'partial_image_b64', 'file_id', 'voice', 'size', 'quality',
]); // prettier-ignore

/** Members whose text is a document of arguments. */
const documents: ReadonlySet<string> = new Set(['arguments', 'partial_json']);

/** Members of a request's body that say who asks, what is kept of it and where its answer ends: they go to the provider with the rest. */
const besideRequest = ['user', 'safety_identifier', 'metadata', 'prompt_cache_key', 'stop', 'stop_sequences'] as const;

/** Members of a request's body that are not part of what is said. */
const aboutRequest: ReadonlySet<string> = new Set([
  ...besideRequest, 'stream_options', 'tool_choice', 'include', 'truncation', 'store', 'reasoning_effort',
  'voice', 'patchbay', 'conversation',
]); // prettier-ignore

/** Members that name a form by a word, or describe it at length. */
const forms: ReadonlySet<string> = new Set(['format', 'response_format']);

/** What an answer repeats of its question. */
const aboutAnswer: ReadonlySet<string> = new Set(['instructions', 'tools', 'metadata', 'tool_choice', 'user', 'prompt', 'text_format']);

const isBytes = (text: string): boolean =>
  text.startsWith('data:') || (text.length > bytesMin && /^[A-Za-z0-9+/=_-]+$/.test(text.slice(0, bytesMin)));
/** No words are so long without a blank. */
const bytesMin = 1_024;
const depthMax = 64;

/** Members that hold what a tool was given: data of somebody, whose names say nothing to us. */
const ofTools: ReadonlySet<string> = new Set(['input', 'args', 'arguments']);

interface Way {
  left: ReadonlySet<string>;
  /** So deep `left` counts. */
  leftDepthMax: number;
  /** A model is told the form of its answer; an answer only repeats it. */
  readsForms: boolean;
  /** All messages are one text, and all parts of them, whatever is called or thought between two. */
  isAnswer: boolean;
}

/** Members whose own names are chosen by whoever writes them: parameters of tools, what is put into a kept prompt. */
const holdNames: ReadonlySet<string> = new Set([
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
  'variables',
]);

/** What the names of an object are: words of a wire, of its author, or of the data that a tool was given. */
type Names = 'wire' | 'own' | 'data';

/** Kinds of parts that hold a piece of what one message says. */
const said: ReadonlySet<unknown> = new Set(['text', 'input_text', 'output_text']);
export const isSaid = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && said.has((value as Record<string, unknown>)['type']);

const isMessage = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && (value as Record<string, unknown>)['type'] === 'message';

function* walk(value: unknown, way: Way, depth: number, names: Names, run?: object): Generator<Spot> {
  if (typeof value !== 'object' || value === null || depth > depthMax) return;
  const holder = value as Record<string, unknown>;
  const isList = Array.isArray(value);
  const isWire = names === 'wire';
  let parts = isList ? run : undefined;
  for (const key of isList ? value.keys() : Object.keys(value)) {
    const name = String(key);
    if (!isList && isWire && (wordless.has(name) || (depth <= way.leftDepthMax && way.left.has(name)))) continue;
    const inner = holder[key];
    const digits = digitsOf(inner);
    if (digits !== undefined) {
      if (names === 'data') yield { holder, key: name, text: digits, isJson: false };
      continue;
    }
    const goesOn = isList && isWire && (isSaid(inner) || (way.isAnswer && isMessage(inner)));
    if (goesOn) parts ??= {};
    else if (!way.isAnswer) parts = undefined;
    if (!isList && isWire && forms.has(name) && (typeof inner === 'string' || !way.readsForms)) continue;
    if (typeof inner === 'string') {
      if (inner !== '' && (!isWire || !isAttached(holder, name, inner)))
        yield { holder, key: name, text: inner, isJson: documents.has(name), ...(run && name === 'text' && { run }) };
    } else if (isWire && name === 'images' && isPictures(inner)) continue;
    else if (names === 'data' && typeof inner === 'number') yield { holder, key: name, text: String(inner), isJson: false };
    else
      yield* walk(
        inner,
        way,
        depth + 1,
        namesWithin(names, isList, depth, name, inner),
        goesOn ? parts : !isList && name === 'content' ? run : undefined,
      );
  }
  // After the values, which are found under the names that they came with.
  if (names === 'data' && !isList)
    for (const key of Object.keys(value)) if (!identifier.test(key)) yield { holder, key, text: key, isJson: false, isName: true };
}

/** The names of a program's own making; a list by address or by number has others. */
const identifier = /^[a-z_$][\w$-]{0,63}$/i;

function namesWithin(names: Names, isList: boolean, depth: number, name: string, inner: unknown): Names {
  if (names === 'data') return 'data';
  // A list passes on what it stands in; a parameter that is called like a member of a wire is none.
  if (isList || names === 'own') return 'wire';
  if (depth > 0 && ofTools.has(name) && !Array.isArray(inner)) return 'data';
  return holdNames.has(name) && !Array.isArray(inner) ? 'own' : 'wire';
}

/** A list of pictures in base64, as Ollama's wire has them beside a text. What is no base64 is read as words. */
const isPictures = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string' && base64Only.test(item));
const base64Only = /^[A-Za-z0-9+/=_-]+$/;

/** Bytes in a text: they are counted as attachments and not read as words. */
function isAttached(holder: Record<string, unknown>, key: string, text: string): boolean {
  // A document may come as plain words, and whoever says them may put a kind beside them.
  if (holder['type'] === 'text' || key === 'text' || key === 'content') return false;
  if (key === 'data' || key === 'file_data' || key === 'bytes') return isPacked(text);
  return (key === 'url' || key === 'image_url' || 'media_type' in holder) && isBytes(text);
}

/** Base64, whole or in lines, or an address that holds it; told by how it begins, since some of it is very long. */
const isPacked = (text: string): boolean => text.startsWith('data:') || /^[A-Za-z0-9+/=_\s-]*$/.test(text.slice(0, bytesMin));

/** UUIDs, and runs of sixteen hexadecimal digits and more with letters among them. */
const opaqueIds = /(?<![0-9a-z])(?=[0-9-]*[a-f])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?=[0-9]*[a-f])[0-9a-f]{16,})(?![0-9a-z])/gi;

/**
 * What stands beside a request, without the random ids that clients put there, in as many characters: one in five hundred of them has
 * by chance the digits of somebody's card, and whoever has that id would be refused at every request.
 */
export const withoutIds = (text: string): string => text.replaceAll(opaqueIds, (id) => '_'.repeat(id.length));

/** Texts of a request: what is said, and behind it what stands beside. */
export function* textsOfRequest(body: Record<string, unknown>): Generator<Spot> {
  const way: Way = { left: aboutRequest, leftDepthMax: 0, readsForms: true, isAnswer: false };
  yield* walk(body, way, 0, 'wire');
  for (const name of besideRequest) {
    const value = body[name];
    if (typeof value === 'string' && value !== '') yield { holder: body, key: name, text: value, isJson: false, isBeside: true };
    else for (const spot of walk(value, way, 1, 'data')) yield { ...spot, isBeside: true };
  }
}

/** Texts of an answer, or of an event of one that says something whole. */
export function* textsOfAnswer(body: unknown): Generator<Spot> {
  yield* walk(body, { left: aboutAnswer, leftDepthMax: 1, readsForms: false, isAnswer: true }, 0, 'wire');
}

/** The spots one by one, but for those of a run, which are together. */
export function unitsOf(spots: Iterable<Spot>): Spot[][] {
  const units: Spot[][] = [];
  const runs = new Map<object, Spot[]>();
  for (const spot of spots) {
    const begun = spot.run && runs.get(spot.run);
    if (begun) {
      begun.push(spot);
      continue;
    }
    const unit = [spot];
    units.push(unit);
    if (spot.run) runs.set(spot.run, unit);
  }
  return units;
}

export const put = (spot: Spot, text: string): void => {
  const holder = spot.holder as Record<string, unknown>;
  spot.text = text;
  if (spot.isName === undefined) {
    holder[spot.key] = text;
    return;
  }
  // Two names that are covered alike stay two.
  let name = text;
  for (let other = 2; Object.hasOwn(holder, name); other++) name = `${text} ${other}`;
  holder[name] = holder[spot.key];
  delete holder[spot.key];
};

const kindsByType: Readonly<Record<string, AttachmentKind>> = {
  image_url: 'image',
  image: 'image',
  input_image: 'image',
  input_audio: 'audio',
  audio: 'audio',
  video: 'video',
  video_url: 'video',
  file: 'file',
  input_file: 'file',
  document: 'file',
};

const base64Of = 4 / 3;

/** What is attached to the messages, in their order. */
export function attachmentsOf(body: unknown, depth = 0): Attachment[] {
  if (typeof body !== 'object' || body === null || depth > depthMax) return [];
  if (Array.isArray(body)) return body.flatMap((item) => attachmentsOf(item, depth + 1));
  const record = body as Record<string, unknown>;
  const kind = typeof record['type'] === 'string' && Object.hasOwn(kindsByType, record['type']) ? kindsByType[record['type']] : undefined;
  if (kind !== undefined) return [{ kind, bytes: Math.floor(longestText(record, 0) / base64Of) }];
  const pictures = isPictures(record['images']) ? record['images'] : [];
  return [
    ...pictures.map((picture): Attachment => ({ kind: 'image', bytes: Math.floor(picture.length / base64Of) })),
    ...Object.values(record).flatMap((value) => attachmentsOf(value, depth + 1)),
  ];
}

/** Of a part that holds bytes, they are what is longest; an address is not sent along. */
function longestText(value: unknown, depth: number): number {
  if (typeof value === 'string') return /^https?:/.test(value) ? 0 : value.length;
  if (typeof value !== 'object' || value === null || depth > partDepthMax) return 0;
  return Math.max(0, ...Object.entries(value).map(([key, inner]) => (key === 'type' ? 0 : longestText(inner, depth + 1))));
}
const partDepthMax = 4;

/** Tools that a request offers, in the three spellings there are. */
export function toolsOf(body: Record<string, unknown>): OfferedTool[] {
  return [...list(body['tools']), ...list(body['functions'])].flatMap((tool): OfferedTool[] => {
    if (typeof tool !== 'object' || tool === null) return [];
    const record = tool as Record<string, unknown>;
    const inner =
      typeof record['function'] === 'object' && record['function'] !== null ? (record['function'] as Record<string, unknown>) : record;
    const name = inner['name'] ?? record['type'];
    if (typeof name !== 'string') return [];
    // What the provider itself brings has no parameters to describe.
    const isProviders = inner === record && record['name'] === undefined;
    return [{ name, parameters: isProviders ? closed : (inner['parameters'] ?? inner['input_schema']) }];
  });
}

const closed = { type: 'object', properties: {}, additionalProperties: false };

/** Whether a prompt comes as numbers of a model's alphabet, which nobody here can read. */
export function isTokens(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'number' || isTokens(item));
}
