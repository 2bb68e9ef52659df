/** What the tests of Anthropic's requests share: one request translated, with its changes as short texts. */
import type { ChatRequest } from '../../src/domain/chat.ts';
import { anthropic } from '../../src/providers/anthropic/protocol.ts';
import { destination } from './kit.ts';

export const hi = [{ role: 'user', content: 'hi' }];

export interface Sent {
  body: Record<string, unknown>;
  changed: string[];
}

/** A request of the house as it is sent; `max_tokens` is 100 where the request says nothing else. */
export function send(request: ChatRequest, settings = {}, model = 'claude-sonnet-4-5'): Sent {
  const { body, changed } = anthropic.toVendor({ messages: hi, max_tokens: 100, ...request }, destination('anthropic', model, settings));
  return {
    body,
    changed: changed.map((change) => `${change.parameter} ${change.what}${change.to === undefined ? '' : ` ${change.to}`}`),
  };
}

export const text = (said: string): unknown => ({ type: 'text', text: said });
