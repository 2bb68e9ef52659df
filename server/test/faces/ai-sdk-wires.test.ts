/** The AI SDK's own providers as clients of the wires: a loop with a tool, streamed and not, whichever provider answers. */
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { generateText, stepCountIs, streamText, tool } from 'ai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openWireHouse, type WireHouse } from '../support/client-wires.ts';
import {
  chunk,
  doneEvent,
  plain,
  roleEvent,
  sse,
  streaming,
  usageEvent,
  whole,
  wholeBody,
  words,
  type Answer,
} from '../support/fake-provider.ts';

let house: WireHouse;
beforeAll(async () => {
  house = await openWireHouse();
});
afterAll(() => house.close());

const call = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Bogor"}' } };

/** Calls the tool where it has no result yet, and speaks once it has. */
const calling: Answer = (turn) => {
  const messages = turn.call.json['messages'] as { role: string }[];
  if (messages.some(({ role }) => role === 'tool')) return plain(turn);
  if (turn.call.json['stream'] === true)
    return streaming([roleEvent, sse(chunk({ tool_calls: [{ index: 0, ...call }] })), sse(chunk({}, 'tool_calls')), usageEvent, doneEvent])(
      turn,
    );
  const message = { role: 'assistant', content: null, tool_calls: [call] };
  return whole(wholeBody('', { choices: [{ index: 0, message, finish_reason: 'tool_calls' }] }))(turn);
};

const clients = [
  ['the Messages wire', () => createAnthropic({ apiKey: house.key, baseURL: `${house.rig.url}/v1` })('Chat/gpt-4o')],
  ['the Responses wire', () => createOpenAI({ apiKey: house.key, baseURL: `${house.rig.url}/v1` }).responses('Chat/gpt-4o')],
] as const;

describe.each(clients)('through %s', (_name, modelOf) => {
  const weather = tool({
    description: 'The weather of a city',
    inputSchema: z.object({ city: z.string() }),
    execute: ({ city }) => `dry in ${city}`,
  });

  test.each([false, true])('a loop with a tool ends with the answer (streamed: %s)', async (isStream) => {
    house.answer('openai', calling);
    const asked = {
      model: modelOf(),
      prompt: 'How is the weather?',
      tools: { weather },
      stopWhen: stepCountIs(3),
      maxRetries: 0,
      maxOutputTokens: 100,
    };
    const said = isStream ? await streamText(asked).text : (await generateText(asked)).text;
    expect(said).toBe(words.join(''));
    expect(house.families.openai.fake.received).toHaveLength(2);
    expect(house.lastBody('openai')['messages']).toMatchObject([
      { role: 'user' },
      { role: 'assistant', tool_calls: [{ id: 'call_1', function: { name: 'weather' } }] },
      { role: 'tool', tool_call_id: 'call_1', content: 'dry in Bogor' },
    ]);
  });
});
