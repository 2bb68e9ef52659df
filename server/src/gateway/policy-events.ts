/** What one event of a streamed answer says, in any of the wires: texts that grow from event to event, texts that stand whole, and what ends. */
import { digitsOf, isRecord, list, type Json } from '../providers/shape.ts';
import { isSaid, textsOfAnswer, type Spot } from './policy-texts.ts';

export interface Delta extends Spot {
  /** Which text of the answer goes on here. */
  strand: string;
  /** The part of it that this belongs to, where it has several. */
  part?: string;
}

export interface ReadEvent {
  deltas: Delta[];
  wholes: Spot[];
  /** Strands that begin so have ended. */
  ends: string[];
  /** A part that has ended; another may follow it. */
  endedPart?: string;
  /** It brings sound or a picture. */
  isOfBytes?: boolean;
  /** Which parts of a strand are repeated, by what holds their texts. */
  repeats?: ReadonlyMap<unknown, string>;
}

/** Texts of an answer's blocks or items: whoever reads them puts them together. */
const saidStrand = 'said/';

const nothing: ReadonlySet<string> = new Set();
const saidText: ReadonlySet<string> = new Set(['text']);
const inChoice: ReadonlySet<string> = new Set(['delta', 'text', 'message']);

/** Reads an event whose data is an object. */
export function readEvent(body: Json): ReadEvent {
  if (Array.isArray(body['choices'])) return readChoices(body['choices'] as unknown[]);
  const type = typeof body['type'] === 'string' ? body['type'] : '';
  if (type.startsWith('content_block_')) return readBlock(body, type);
  if (type.startsWith('response.')) return readResponseEvent(body, type);
  if (type === 'message_delta' || type === 'message_stop') return { deltas: [], wholes: [...textsOfAnswer(body)], ends: [''] };
  if (typeof body['done'] === 'boolean') return readLine(body);
  return { deltas: [], wholes: [...textsOfAnswer(body)], ends: [] };
}

/** Events that repeat what was asked and say nothing of the answer. */
const announcing: ReadonlySet<unknown> = new Set(['message_start', 'response.created', 'response.in_progress', 'response.queued']);
const isThere = ({ text }: Spot): boolean => text !== '';

/** Whether an event brings something of the answer, and does not only announce it. */
export const isWord = (body: Json, { deltas, wholes, isOfBytes }: ReadEvent): boolean =>
  isOfBytes === true || deltas.some(isThere) || (!announcing.has(body['type']) && wholes.some(isThere));

/** Chunks of chat completions and of completions: each choice is a text of its own. */
function readChoices(choices: readonly unknown[]): ReadEvent {
  const read: ReadEvent = { deltas: [], wholes: [], ends: [] };
  for (const [at, choice] of choices.entries()) {
    if (!isRecord(choice)) continue;
    const index = typeof choice['index'] === 'number' ? choice['index'] : at;
    const base = `c${index}/`;
    if (typeof choice['text'] === 'string') read.deltas.push(delta(choice, 'text', `${base}text`));
    if (isRecord(choice['delta'])) gather(choice['delta'], `${base}delta`, nothing, read.deltas);
    const rest = Object.fromEntries(Object.entries(choice).filter(([key]) => !inChoice.has(key)));
    read.wholes.push(...textsOfAnswer(rest), ...textsOfAnswer({ message: choice['message'] }));
    // Some servers say an empty one with each piece.
    if (typeof choice['finish_reason'] === 'string' && choice['finish_reason'] !== '') read.ends.push(base);
  }
  return read;
}

const delta = (holder: Json, key: string, strand: string, isJson = false): Delta => ({
  holder,
  key,
  text: String(holder[key]),
  isJson,
  strand,
});

/** Members of a delta that name things once and are not continued. */
const named: ReadonlySet<string> = new Set([
  'id',
  'type',
  'role',
  'signature',
  'index',
  'name',
  'call_id',
  'data',
  'format',
  'encrypted_content',
]);
const depthMax = 16;

/** Every text in a delta goes on where the same member of the same list left off. */
function gather(value: unknown, strand: string, left: ReadonlySet<string>, into: Delta[], depth = 0): void {
  if (depth > depthMax || typeof value !== 'object' || value === null || digitsOf(value) !== undefined) return;
  if (Array.isArray(value)) {
    for (const [at, item] of value.entries()) {
      const index = isRecord(item) && typeof item['index'] === 'number' ? item['index'] : at;
      if (typeof item === 'string') into.push({ holder: value, key: at, text: item, isJson: false, strand: `${strand}/${index}` });
      else if (isSaid(item) && typeof item['index'] !== 'number') {
        // More of the one text, whether it comes as a part or as it is.
        if (typeof item['text'] === 'string' && item['text'] !== '') into.push(delta(item, 'text', strand));
        gather(item, `${strand}/${index}`, saidText, into, depth + 1);
      } else gather(item, `${strand}/${index}`, left, into, depth + 1);
    }
    return;
  }
  for (const [key, inner] of Object.entries(value as Json)) {
    if (named.has(key) || left.has(key)) continue;
    if (typeof inner === 'string') {
      if (inner !== '') into.push(delta(value as Json, key, `${strand}/${key}`, key === 'arguments'));
    } else gather(inner, `${strand}/${key}`, left, into, depth + 1);
  }
}

/** Events of the Messages wire. */
function readBlock(body: Json, type: string): ReadEvent {
  const base = `b${String(body['index'])}/`;
  const read: ReadEvent = { deltas: [], wholes: [], ends: [] };
  if (type === 'content_block_stop') return { ...read, ends: [base], endedPart: base };
  const block = body['content_block'];
  if (type === 'content_block_start' && (!isRecord(block) || block['type'] !== 'text')) read.ends.push(saidStrand);
  const said = body['delta'];
  if (type === 'content_block_delta' && isRecord(said)) {
    if (typeof said['text'] === 'string' && said['text'] !== '') read.deltas.push({ ...delta(said, 'text', saidStrand), part: base });
    for (const key of ['thinking', 'partial_json'])
      if (typeof said[key] === 'string' && said[key] !== '') read.deltas.push(delta(said, key, `${base}${key}`, key === 'partial_json'));
    read.wholes.push(...textsOfAnswer(Object.fromEntries(Object.entries(said).filter(([key]) => typeof said[key] === 'object'))));
    return read;
  }
  for (const spot of textsOfAnswer(body))
    if (spot.holder === block && spot.key === 'text') read.deltas.push({ ...spot, strand: saidStrand, part: base });
    else read.wholes.push(spot);
  return read;
}

/** Parts of bytes, which nobody reads. */
const ofBytes = /audio\.delta$|partial_image|image_generation/;

/** Events of the Responses wire; those that end something repeat all of it. */
function readResponseEvent(body: Json, type: string): ReadEvent {
  if (ofBytes.test(type)) return { deltas: [], wholes: [], ends: [], isOfBytes: true };
  const place = [body['output_index'], body['content_index'], body['summary_index']].map((part) => (typeof part === 'number' ? part : '-'));
  const base = `r${place[0]}/`;
  const part = `${base}${place[1]}`;
  if (typeof body['delta'] === 'string' && type === 'response.output_text.delta')
    return { deltas: [{ ...delta(body, 'delta', saidStrand), part }], wholes: [], ends: [] };
  if (typeof body['delta'] === 'string' && type.endsWith('.delta')) {
    const strand = `${base}${type}/${place.slice(1).join('/')}`;
    return { deltas: [delta(body, 'delta', strand, type.includes('arguments'))], wholes: [], ends: [] };
  }
  const ends = type.endsWith('.done') || type === 'response.output_item.added' ? [base] : [];
  const wholes = [...textsOfAnswer(body)];
  if (endsSaid(body, type)) ends.push(saidStrand);
  const isPart = type === 'response.output_text.done' || type === 'response.content_part.done';
  return { deltas: [], wholes, ends, repeats: repeatsOf(body, base, isPart ? part : null), ...(isPart && { endedPart: part }) };
}

const endsAll: ReadonlySet<string> = new Set(['response.completed', 'response.incomplete', 'response.failed']);

/** Whether no text follows the one before at once, as it does in another part of a message or in a message right behind it. */
function endsSaid({ item, part }: Json, type: string): boolean {
  if (type === 'response.output_item.added') return !isRecord(item) || item['type'] !== 'message';
  if (type === 'response.content_part.added') return !isRecord(part) || part['type'] !== 'output_text';
  return endsAll.has(type);
}

/** What is said again of one part, or of those of one message. All of an answer needs none: its parts stand side by side. */
function repeatsOf(body: Json, base: string, name: string | null): ReadonlyMap<unknown, string> {
  const { part, item } = body;
  if (name !== null) return new Map([[isRecord(part) ? part : body, name]]);
  return new Map(isRecord(item) ? list(item['content']).map((one, at) => [one, `${base}${at}`]) : []);
}

/** Lines of Ollama's wire: text and thoughts go on from line to line, calls stand whole. */
function readLine(body: Json): ReadEvent {
  const holder = isRecord(body['message']) ? body['message'] : body;
  const deltas = ['content', 'response', 'thinking']
    .filter((key) => typeof holder[key] === 'string' && holder[key] !== '')
    .map((key) => delta(holder, key, `line/${key}`));
  return { deltas, wholes: [...textsOfAnswer({ tool_calls: holder['tool_calls'] })], ends: body['done'] === true ? ['line/'] : [] };
}

/** What was said word by word with its likelihood says the words once more: it goes where they are covered. */
export function dropLikelihoods(value: unknown, depth = 0): void {
  if (typeof value !== 'object' || value === null || depth > depthMax) return;
  for (const [key, inner] of Object.entries(value as Json)) {
    if (key === 'logprobs') (value as Json)[key] = Array.isArray(inner) ? [] : null;
    else dropLikelihoods(inner, depth + 1);
  }
}

/** Names of the tools that an answer calls. */
export function calledTools(value: unknown, depth = 0): string[] {
  if (typeof value !== 'object' || value === null || depth > depthMax) return [];
  const record = value as Json;
  const own = typeof record['name'] === 'string' && ('arguments' in record || 'input' in record) ? [record['name']] : [];
  return [...own, ...Object.values(record).flatMap((inner) => calledTools(inner, depth + 1))];
}
