/** What a chat's settings become in a request. */
import { chatSettings } from '@patchbay/contract/chats';
import { describe, expect, test } from 'vitest';
import { parametersOf, requestBodyOf } from '../../src/domain/chat-settings.ts';

const none = chatSettings.parse({});

describe('parameters', () => {
  test('what is not set is not said, so that the connection may say it', () => {
    expect(parametersOf(none)).toEqual({});
  });

  test('each setting has the provider’s name, also where its value is false or zero', () => {
    const set = chatSettings.parse({
      temperature: 0,
      maxTokens: 5,
      mirostatTau: 4,
      repeatLastN: -1,
      tfsZ: 1,
      useMmap: false,
      logitBias: { '1': 2 },
    });
    expect(parametersOf(set)).toEqual({
      temperature: 0,
      max_tokens: 5,
      mirostat_tau: 4,
      repeat_last_n: -1,
      tfs_z: 1,
      use_mmap: false,
      logit_bias: { '1': 2 },
    });
  });

  test('free parameters never reach for what the chat itself says, and lose against a field of their name', () => {
    const parameters = JSON.parse(
      '{"messages":[],"stream":false,"model":"x","tools":[],"n":5,"__proto__":{"a":1},"top_k":1,"num_ctx":9}',
    ) as Record<string, unknown>;
    const fields = parametersOf({ ...none, topK: 7, parameters });
    expect(fields).toEqual({ top_k: 7, num_ctx: 9 });
    expect(({} as Record<string, unknown>)['a']).toBeUndefined();
  });
});

describe('a request', () => {
  const messages = [{ role: 'user' as const, content: 'hi' }];

  test('has the system prompt first, and none where it is blank', () => {
    expect(requestBodyOf({ ...none, systemPrompt: 'Be brief.' }, 'm', messages)).toEqual({
      model: 'm',
      messages: [{ role: 'system', content: 'Be brief.' }, ...messages],
      stream: true,
    });
    expect(requestBodyOf({ ...none, systemPrompt: ' \n' }, null, messages)).toEqual({ messages, stream: true });
  });

  test('is a stream unless the settings say no', () => {
    expect(requestBodyOf({ ...none, stream: false }, null, messages)['stream']).toBe(false);
  });

  test('carries role and text of a message and nothing else that a row may have', () => {
    const row = { role: 'assistant' as const, content: 'yes', id: 'secret id', reasoning: 'thoughts' };
    expect(requestBodyOf(none, null, [row])['messages']).toEqual([{ role: 'assistant', content: 'yes' }]);
  });
});
