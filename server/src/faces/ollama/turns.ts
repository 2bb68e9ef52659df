/** Messages of Ollama's wire as the house's: pictures by their bytes, calls with the ids that this wire often leaves out. */
import type { Extension, Native } from '../../domain/chat.ts';
import { isRecord, list, member, text, type Json } from '../../providers/shape.ts';
import { carried } from '../openai/carry.ts';

export const wireId = 'ollama';

/** How a picture begins in base64, and what it then is (the first bytes of each format). */
const pictureHeads = [
  ['iVBOR', 'image/png'],
  ['/9j/', 'image/jpeg'],
  ['R0lGOD', 'image/gif'],
  ['UklGR', 'image/webp'],
] as const;

function picturePart(image: string): Json {
  const mediaType = pictureHeads.find(([head]) => image.startsWith(head))?.[1] ?? 'image/png';
  return { type: 'image_url', image_url: { url: image.startsWith('data:') ? image : `data:${mediaType};base64,${image}` } };
}

/** A text where there are no pictures, as most messages have it; else parts. */
function contentOf(message: Json): string | Json[] {
  const said = text(message['content']) ?? '';
  const images = list(message['images']).filter((image): image is string => typeof image === 'string' && image !== '');
  if (images.length === 0) return said;
  return [...(said === '' ? [] : [{ type: 'text', text: said }]), ...images.map(picturePart)];
}

/** A call whose result has not come yet. */
interface OpenCall {
  id: string;
  name: string;
}

/** Calls in the house's words; an id is made for one that has none, the same for the same conversation. */
function callsOf(message: Json, open: OpenCall[], count: number): Json[] {
  return list(message['tool_calls'])
    .filter(isRecord)
    .map((call, at) => {
      const id = text(call['id']) || `call_${count + at}`;
      const name = text(member(call['function'], 'name')) ?? '';
      const args = member(call['function'], 'arguments');
      open.push({ id, name });
      return { id, type: 'function', function: { name, arguments: typeof args === 'string' ? args : JSON.stringify(args ?? {}) } };
    });
}

/** The call that a result answers: the one it names by its id, else the first open one of its tool, else the first of all. */
function answeredBy(message: Json, open: OpenCall[]): string {
  const id = text(message['tool_call_id']);
  const name = text(message['tool_name']) ?? text(message['name']);
  const named = open.findIndex((call) => (id === undefined ? call.name === name : call.id === id));
  const [call] = open.splice(named < 0 ? 0 : named, named < 0 && id !== undefined ? 0 : 1);
  return id ?? call?.id ?? 'call_0';
}

const saidKeys: ReadonlySet<string> = new Set([
  'role',
  'content',
  'thinking',
  'images',
  'tool_calls',
  'tool_name',
  'tool_call_id',
  'name',
  'signature',
]);

/** Members that nobody here knows go back to a provider of this wire, and are named to all others. */
function unknownOf(message: Json): Native | null {
  const lost = Object.keys(message).filter((key) => !saidKeys.has(key) && message[key] !== null);
  return lost.length === 0 ? null : { wire: wireId, native: Object.fromEntries(lost.map((key) => [key, message[key]])), lost };
}

/** `messages` of a request, in the house's words. */
export function messagesOf(messages: unknown): Json[] {
  const open: OpenCall[] = [];
  let count = 0;
  return list(messages)
    .filter(isRecord)
    .map((message) => {
      const content = contentOf(message);
      const kept: Extension | Native | null = carried(message['signature']) ?? unknownOf(message);
      const beside = kept && { patchbay: kept };
      // That server reads the names in any case.
      const role = text(message['role'])?.toLowerCase() ?? message['role'] ?? 'user';
      if (role === 'tool') return { role: 'tool', tool_call_id: answeredBy(message, open), content, ...beside };
      if (role === 'user' || role === 'system' || role === 'developer') return { role, content, ...beside };
      if (role !== 'assistant') return { role: 'user', content, patchbay: { wire: wireId, native: message, lost: [], isOnly: true } };
      const calls = callsOf(message, open, count);
      count += calls.length;
      const thought = text(message['thinking']) ?? '';
      return {
        role: 'assistant',
        content: content === '' && calls.length > 0 ? null : content,
        ...(thought !== '' && { reasoning_content: thought }),
        ...(calls.length > 0 && { tool_calls: calls }),
        ...beside,
      };
    });
}
