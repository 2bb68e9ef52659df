/** A body for people's eyes: its shape and its parameters, without what was said in it. */

import { digitsOf } from '../providers/shape.ts';

/** Members whose texts say how a body is to be read, and never what somebody said. */
const plainNames: ReadonlySet<string> = new Set([
  'type',
  'role',
  'name',
  'id',
  'model',
  'tool_call_id',
  'call_id',
  'tool_use_id',
  'mimeType',
  'media_type',
  'format',
  'detail',
]);
/** Members that hold a conversation, or name a person. */
const saidNames: ReadonlySet<string> = new Set([
  'messages',
  'input',
  'contents',
  'system',
  'systemInstruction',
  'instructions',
  'prediction',
  'user',
  'metadata',
  'safety_identifier',
  'requestMetadata',
]);
/** A parameter's own text is shown up to here. */
const textCharsMax = 200;
/** Deeper bodies are refused long before; and longer lists say nothing new. */
const depthMax = 64;
const itemsMax = 200;

const hidden = (text: string): string => `[${text.length} characters]`;

function shown(value: unknown, name: string, isSaid: boolean, depth: number): unknown {
  if (typeof value === 'string') {
    const isPlain = plainNames.has(name) || !isSaid;
    return isPlain && value.length <= textCharsMax ? value : hidden(value);
  }
  if (typeof value !== 'object' || value === null || digitsOf(value) !== undefined) return value;
  if (depth >= depthMax) return '[deeper]';
  if (Array.isArray(value)) {
    const items = (value as unknown[]).slice(0, itemsMax).map((item) => shown(item, isSaid ? '' : name, isSaid, depth + 1));
    return value.length > itemsMax ? [...items, `[${value.length - itemsMax} more]`] : items;
  }
  const copy: Record<string, unknown> = {};
  // `__proto__` as a name would be swallowed by an assignment.
  for (const [key, inner] of Object.entries(value))
    Object.defineProperty(copy, key, {
      value: shown(inner, key, isSaid || saidNames.has(key), depth + 1),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  return copy;
}

/** The body with every text of the conversation, and of the caller's people, as its length. Numbers and switches stay. */
export const redacted = (body: unknown): unknown => shown(body, '', false, 0);
