/** What the tests of Google's requests share: one request translated, with its changes as short texts. */
import type { ChatRequest } from '../../src/domain/chat.ts';
import { gemini } from '../../src/providers/gemini/protocol.ts';
import { destination } from './kit.ts';

export const hi = [{ role: 'user', content: 'hi' }];
export const current = 'gemini-3.5-flash';
export const budgeted = 'gemini-2.5-flash';
export const old = 'gemini-2.0-flash';

export interface Sent {
  body: Record<string, unknown>;
  /** The `generationConfig`; empty where there is none. */
  config: Record<string, unknown>;
  changed: string[];
}

/** A request of the house as it is sent. */
export function send(request: ChatRequest, model = current, settings = {}): Sent {
  const { body, changed } = gemini.toVendor({ messages: hi, ...request }, destination('gemini', model, settings));
  return {
    body,
    config: (body['generationConfig'] ?? {}) as Record<string, unknown>,
    changed: changed.map((change) => `${change.parameter} ${change.what}${change.to === undefined ? '' : ` ${change.to}`}`),
  };
}

/** The contents of a conversation, and what was changed in it. */
export function told(messages: unknown, model = current): { contents: unknown; system: unknown; changed: string[] } {
  const { body, changed } = send({ messages }, model);
  return { contents: body['contents'], system: body['systemInstruction'], changed };
}
