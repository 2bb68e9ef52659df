/** A request body as the rooms need it: its bytes, where its members lie, and the parsed form for whoever must have it. */
import type { ChatRequest } from '../domain/chat.ts';
import { memberValue, scanObject, type ScanFault } from '../lib/json-scan.ts';
import { watchedWords, type CallRequest } from '../providers/calling.ts';
import { limitIn } from '../providers/limit-field.ts';
import { isRecord, keepDigits, type Json } from '../providers/shape.ts';
import type { CallerWire } from '../providers/writer.ts';
import { refuse } from './errors.ts';

/**
 * Bodies up to this size are parsed at once, so that a broken one is refused here. Above it the parser would cost more than everything
 * else that is done with the request (9 us for 20 KB): only where a translation or a budget needs it, and else the provider refuses.
 */
const parsedAtOnceBytesMax = 8_192;

const scanRefusals: Record<ScanFault, Parameters<typeof refuse>[0]> = {
  not_an_object: 'invalid_json',
  malformed: 'invalid_json',
  duplicate_key: 'duplicate_key',
  too_deep: 'too_deep',
  too_many_keys: 'invalid_json',
};

export interface AskedRequest extends CallRequest {
  /** What `model` said; null for nothing. */
  asked: string | null;
}

/** Reads only what routing, limits and the stream need; everything else is the provider's business. Throws GatewayRefusal. */
export function readRequest(bytes: Buffer): AskedRequest {
  const scan = scanObject(bytes, watchedWords);
  if (typeof scan === 'string') throw refuse(scanRefusals[scan]);
  let body: ChatRequest | null = null;
  const parsed = (): ChatRequest => (body ??= chatIn(bytes.toString('utf8')));
  if (bytes.length <= parsedAtOnceBytesMax) body = chatIn(scan.text ?? bytes.toString('utf8'));
  const value = (key: string): unknown => (body ? body[key] : memberValue(bytes, scan, key));
  const options = value('stream_options');
  checkCount(value('max_tokens'), 'max_tokens');
  checkCount(value('max_completion_tokens'), 'max_completion_tokens');
  checkChoices(value);
  return {
    bytes,
    scan,
    parsed,
    asked: textOf(value('model'), 'model'),
    isStream: flagOf(value('stream'), 'stream'),
    wantsUsage: typeof options === 'object' && options !== null && (options as { include_usage?: unknown }).include_usage === true,
    outputTokensMax: null,
  };
}

/**
 * The same for a body in another wire. It is translated where somebody must have it in the house's language, and then once; a
 * provider of the same wire gets the bytes. Throws GatewayRefusal.
 */
export function readForeign(bytes: Buffer, wire: CallerWire, translate: (body: Json) => ChatRequest): AskedRequest {
  const scan = scanObject(bytes);
  if (typeof scan === 'string') throw refuse(scanRefusals[scan]);
  let house: ChatRequest | null = null;
  const parsed = (): ChatRequest => (house ??= translate(exactObjectOf(bytes)));
  if (bytes.length <= parsedAtOnceBytesMax) objectOf(bytes);
  const value = (key: string): unknown => memberValue(bytes, scan, key);
  checkCount(limitIn(wire.limitField, value), wire.limitField);
  checkChoices(value);
  return {
    bytes,
    scan,
    parsed,
    asked: textOf(value('model'), 'model'),
    isStream: flagOf(value('stream'), 'stream'),
    wantsUsage: true,
    outputTokensMax: null,
    wire,
    translate,
  };
}

/** Throws GatewayRefusal for what is no JSON. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refuse('invalid_json');
  }
}

/** Of a text that was scanned as one object. Throws GatewayRefusal for what is no JSON. */
const chatIn = (text: string): ChatRequest => jsonIn(text) as ChatRequest;

/** Throws GatewayRefusal for what is not one JSON object. */
export const objectOf = (bytes: Buffer): Json => objectIn(bytes.toString('utf8'));

function objectIn(text: string): Json {
  const body = jsonIn(text);
  if (!isRecord(body)) throw refuse('invalid_json');
  return body;
}

/** The same with every digit of the numbers in its members: ids and bounds there are often longer than a double is exact. */
export function exactObjectOf(bytes: Buffer): Json {
  const text = bytes.toString('utf8');
  const body = objectIn(text);
  keepDigits(body, text);
  return body;
}

const modelNameCharsMax = 600;

function textOf(value: unknown, param: string): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string' || value.length > modelNameCharsMax)
    throw refuse('invalid_type', { param, message: `${param} must be a text of at most ${modelNameCharsMax} characters.` });
  return value;
}

function flagOf(value: unknown, param: string): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value !== 'boolean') throw refuse('invalid_type', { param, message: `${param} must be true or false.` });
  return value;
}

/** Names by which a request asks for several answers at once. */
const choiceFields = ['n', 'best_of'];

/** What limits and budgets multiply by. The texts of a form are its provider's business, and are reckoned with as they read. */
function checkChoices(value: (key: string) => unknown): void {
  for (const field of choiceFields) {
    const asked = value(field);
    if (typeof asked === 'number') checkCount(asked, field);
  }
}

/** Limits and budgets reckon with it, so it must be a count. */
function checkCount(value: unknown, param: string): void {
  if (value === undefined || value === null) return;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw refuse('invalid_type', { param, message: `${param} must be a whole number.` });
}
