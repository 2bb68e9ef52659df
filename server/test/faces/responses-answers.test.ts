/** What an answer of another wire holds besides its words, as POST /v1/responses tells it: whole and streamed alike. */
import type OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chunk, doneEvent, roleEvent, sse, streaming, usageEvent, whole, wholeBody } from '../support/fake-provider.ts';
import { openWireHouse, type WireHouse } from '../support/client-wires.ts';

let house: WireHouse;
beforeAll(async () => {
  house = await openWireHouse();
});
afterAll(() => house.close());

const weather: OpenAI.Responses.FunctionTool = {
  type: 'function',
  name: 'weather',
  parameters: { type: 'object', properties: {} },
  strict: false,
};

async function eventsOf(params: OpenAI.Responses.ResponseCreateParamsNonStreaming): Promise<OpenAI.Responses.ResponseStreamEvent[]> {
  const events: OpenAI.Responses.ResponseStreamEvent[] = [];
  for await (const event of await house.responses.responses.create({ ...params, stream: true })) events.push(event);
  return events;
}

describe('POST /v1/responses', () => {
  test.each([false, true])('200 a call without input says so, and a name that is said twice is one (streamed %s)', async (isStream) => {
    const call = { index: 0, id: 'call_a', type: 'function', function: { name: 'weather', arguments: '' } };
    house.answer(
      'openai',
      isStream
        ? streaming([
            roleEvent,
            sse(chunk({ tool_calls: [call] })),
            sse(chunk({ tool_calls: [call] })),
            sse(chunk({}, 'tool_calls')),
            usageEvent,
            doneEvent,
          ])
        : whole(wholeBody('', { choices: [{ index: 0, message: { content: null, tool_calls: [call] }, finish_reason: 'tool_calls' }] })),
    );
    const params = { model: 'Chat/gpt-4o', input: 'How?', tools: [weather] };
    const events = isStream ? await eventsOf(params) : [];
    const end = events.at(-1);
    const response = end?.type === 'response.completed' ? end.response : await house.responses.responses.create(params);
    expect(response.output).toMatchObject([{ type: 'function_call', call_id: 'call_a', name: 'weather', arguments: '{}' }]);
    const told = events.flatMap((event) => (event.type === 'response.function_call_arguments.delta' ? [event.delta] : []));
    expect(told.join('')).toBe(isStream ? '{}' : '');
  });

  test.each([false, true])('200 probabilities of tokens that were asked for are given (streamed %s)', async (isStream) => {
    const of = (token: string): Record<string, unknown> => ({ token, logprob: -0.5, bytes: [...Buffer.from(token)], top_logprobs: [] });
    const said = (content: string, ...tokens: string[]): string => {
      const [choice] = chunk({ content })['choices'] as Record<string, unknown>[];
      return sse({ ...chunk({}), choices: [{ ...choice, logprobs: { content: tokens.map(of), refusal: null } }] });
    };
    const message = { role: 'assistant', content: 'Yes.' };
    const choice = { index: 0, message, finish_reason: 'stop', logprobs: { content: [of('Yes'), of('.')], refusal: null } };
    house.answer(
      'openai',
      isStream
        ? streaming([roleEvent, said('Yes', 'Yes'), said('.'), said('', '.'), sse(chunk({}, 'stop')), usageEvent, doneEvent])
        : whole(wholeBody('', { choices: [choice] })),
    );
    const params = { model: 'Chat/gpt-4o', input: 'Sure?', include: ['message.output_text.logprobs' as const], top_logprobs: 1 };
    const events = isStream ? await eventsOf(params) : [];
    const end = events.at(-1);
    const response = end?.type === 'response.completed' ? end.response : await house.responses.responses.create(params);
    expect(response.output).toMatchObject([{ content: [{ type: 'output_text', text: 'Yes.', logprobs: [of('Yes'), of('.')] }] }]);
    const pieces = events.flatMap((event) => (event.type === 'response.output_text.delta' ? [event.logprobs] : []));
    expect(pieces).toEqual(isStream ? [[of('Yes')], []] : []);
    const done = events.flatMap((event) => (event.type === 'response.output_text.done' ? event.logprobs : []));
    expect(done).toEqual(isStream ? [of('Yes'), of('.')] : []);
    expect(house.lastBody('openai')).toMatchObject({ logprobs: true, top_logprobs: 1 });
  });

  test.each([false, true])('200 sources that an answer names are told in this wire (streamed %s)', async (isStream) => {
    const cited = { start_index: 4, end_index: 9, url: 'https://example.com/a', title: 'A page' };
    const annotations = [{ type: 'url_citation', url_citation: cited }];
    const message = { role: 'assistant', content: 'See here.', annotations };
    house.answer(
      'openai',
      isStream
        ? streaming([
            roleEvent,
            sse(chunk({ content: 'See ' })),
            sse(chunk({ content: 'here.' })),
            sse(chunk({ annotations })),
            sse(chunk({}, 'stop')),
            usageEvent,
            doneEvent,
          ])
        : whole(wholeBody('', { choices: [{ index: 0, message, finish_reason: 'stop' }] })),
    );
    const params = { model: 'Chat/gpt-4o', input: 'Where?' };
    const events = isStream ? await eventsOf(params) : [];
    const end = events.at(-1);
    const response = end?.type === 'response.completed' ? end.response : await house.responses.responses.create(params);
    expect(response.output).toMatchObject([
      { content: [{ type: 'output_text', text: 'See here.', annotations: [{ type: 'url_citation', ...cited }] }] },
    ]);
    const added = events.filter(({ type }) => type === 'response.output_text.annotation.added');
    expect(added).toMatchObject(
      isStream ? [{ output_index: 0, content_index: 0, annotation_index: 0, annotation: { type: 'url_citation', ...cited } }] : [],
    );
  });
});
