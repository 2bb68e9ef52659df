/** Ollama's answers over the real way out: lines cut anywhere, errors at every point, and what the books learn. */
import { describe, expect, test } from 'vitest';
import { SseTooLarge } from '../../src/lib/sse.ts';
import { createLineReader } from '../../src/lib/json-lines.ts';
import { ollama } from '../../src/providers/ollama/protocol.ts';
import { hear, jsonAnswer, playVendor, textOf, type Heard, type Said } from './call-kit.ts';
import { destination, event, faultOf, moment } from './kit.ts';

const line = (body: unknown): string => `${JSON.stringify(body)}\n`;
const piece = (content: string): string => line({ model: 'llama3', message: { role: 'assistant', content }, done: false });
const last = {
  model: 'llama3',
  message: { role: 'assistant', content: '' },
  done: true,
  done_reason: 'stop',
  prompt_eval_count: 5,
  eval_count: 3,
};
const ndjson = { 'content-type': 'application/x-ndjson' };

async function ask(said: Said, body = {}, path = ''): Promise<Heard & { path: string; sent: Record<string, unknown>; accept: unknown }> {
  const vendor = await playVendor(() => said);
  const heard = await hear(destination('ollama', 'llama3', {}, `${vendor.origin}${path}`), '', body);
  const [seen] = vendor.seen;
  return { ...heard, path: seen?.path ?? '', sent: seen?.json ?? {}, accept: seen?.headers['accept'] };
}

describe('over the wire', () => {
  test('a whole answer comes back in the house language, with its usage', async () => {
    const heard = await ask(jsonAnswer({ ...last, message: { role: 'assistant', content: 'Hello.' } }));
    expect(heard).toMatchObject({ end: 'whole', path: '/api/chat', sent: { model: 'llama3', stream: false } });
    expect(heard.answer).toMatchObject({
      model: 'llama3',
      choices: [{ message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 },
    });
    expect(heard.facts).toMatchObject({ finishReason: 'stop', modelReported: 'llama3', usage: { tokensIn: 5, tokensOut: 3 } });
  });

  test('a stream of lines becomes chunks, whatever the pieces it comes in', async () => {
    const bytes = Buffer.from([piece('Sela'), piece('mat 🌞'), line(last)].join(''));
    const pieces = [...bytes].map((byte) => Uint8Array.of(byte));
    const heard = await ask({ headers: ndjson, pieces }, { stream: true });
    expect(heard).toMatchObject({ end: 'stream', accept: 'application/x-ndjson', facts: { usage: { tokensIn: 5, tokensOut: 3 } } });
    expect(textOf(heard.chunks)).toBe('Selamat 🌞');
    expect(heard.chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 8 } });
  });

  test('a last line without its end still counts', async () => {
    const heard = await ask({ headers: ndjson, pieces: [piece('Hi'), JSON.stringify(last)] }, { stream: true });
    expect([heard.end, textOf(heard.chunks)]).toEqual(['stream', 'Hi']);
  });

  test('a stream that is never done is broken off, and is not taken for an answer', async () => {
    for (const isBroken of [true, false]) {
      const heard = await ask({ headers: ndjson, pieces: [piece('Hi')], isBroken }, { stream: true });
      expect(heard).toMatchObject({ end: 'failure', failure: { fault: 'connection_lost' } });
    }
  });

  test('an error line ends the stream with its own fault', async () => {
    const heard = await ask(
      { headers: ndjson, pieces: [piece('Hi'), line({ error: 'model runner has unexpectedly stopped' })] },
      { stream: true },
    );
    expect(heard.failure).toMatchObject({ vendorMessage: 'model runner has unexpectedly stopped' });
  });

  test.each([
    [404, { error: "model 'llama9' not found" }, 'model_not_found'],
    [400, { error: '"llama3" does not support tools' }, 'bad_request'],
    [401, { error: 'unauthorized' }, 'auth'],
    [500, { error: 'llama runner process has terminated' }, 'server_error'],
    [503, { error: 'server busy, please try again' }, 'overloaded'],
  ])('%i is %s', async (status, body, fault) => {
    expect((await ask(jsonAnswer(body, status), { stream: true })).failure).toMatchObject({ fault, vendorStatus: status });
  });

  test('a server that answers a stream whole is told as a stream', async () => {
    const heard = await ask(jsonAnswer({ ...last, message: { role: 'assistant', content: 'Whole.' } }), { stream: true });
    expect([heard.end, textOf(heard.chunks)]).toEqual(['stream', 'Whole.']);
  });

  test('the limit of a budget is sent as the limit of the run', async () => {
    const vendor = await playVendor(() => jsonAnswer({ ...last, message: { role: 'assistant', content: 'x' } }));
    await hear(destination('ollama', 'llama3', {}, vendor.origin), '', { max_tokens: 500 }, { change: { outputTokensMax: 50 } });
    expect(vendor.seen[0]?.json['options']).toEqual({ num_predict: 50 });
  });
});

describe('answers that are none', () => {
  const whole = (body: unknown): string => faultOf(() => ollama.fromVendor(body, destination('ollama', 'm'), moment));

  test('are classified and never made up', () => {
    for (const body of [null, 'x', [], 3, {}, { message: 'x' }, { done: true }, { message: {}, done: false }])
      expect(whole(body), JSON.stringify(body)).toBe('invalid_response');
    expect(whole({ error: "model 'x' not found" })).toBe('model_not_found');
  });

  test('strange members of a sound answer do no harm', () => {
    const message = { role: 3, content: null, thinking: 7, tool_calls: [null, 'x', {}, { function: { name: 'f', arguments: null } }] };
    const answer = ollama.fromVendor({ message, done: true, model: null, logprobs: 'x' }, destination('ollama', 'm'), moment);
    expect(answer).toMatchObject({ model: 'm', usage: null, choices: [{ finish_reason: 'tool_calls' }] });
    expect(answer.choices[0]?.message.tool_calls?.map((call) => call.function.arguments)).toEqual(['{}', '{}']);
  });

  test('missing or senseless counts are no usage, so that the house estimates', () => {
    for (const counts of [{}, { eval_count: 3 }, { prompt_eval_count: -1, eval_count: 3 }, { prompt_eval_count: 1.5, eval_count: 3 }]) {
      const answer = ollama.fromVendor({ message: { content: 'x' }, done: true, ...counts }, destination('ollama', 'm'), moment);
      expect(answer.usage).toBeNull();
    }
  });

  test('one broken line is passed over, a second one ends the stream', () => {
    const reader = ollama.streamReader(destination('ollama', 'm'), moment);
    expect(reader.push(event('{broken'))).toEqual([]);
    expect(faultOf(() => reader.push(event('[1]')))).toBe('invalid_response');
  });

  test('log probabilities are told in the house language', () => {
    const logprobs = [{ token: 'é', logprob: -0.5, top_logprobs: [{ token: 'e', logprob: -2 }] }];
    const answer = ollama.fromVendor({ message: { content: 'é' }, done: true, logprobs }, destination('ollama', 'm'), moment);
    expect(answer.choices[0]?.logprobs).toMatchObject({
      content: [{ token: 'é', logprob: -0.5, bytes: [195, 169], top_logprobs: [{ token: 'e', logprob: -2 }] }],
    });
  });
});

describe('lines', () => {
  test('are read from bytes however they were cut; empty ones and carriage returns say nothing', () => {
    const bytes = new TextEncoder().encode('{"a":"é🌞"}\r\n\n  \n{"b":1}\n{"c":2}');
    for (let size = 1; size <= bytes.length; size++) {
      const reader = createLineReader();
      const lines: string[] = [];
      for (let at = 0; at < bytes.length; at += size) lines.push(...reader.push(bytes.subarray(at, at + size)).map(({ data }) => data));
      lines.push(...reader.end().map(({ data }) => data));
      expect(lines, `pieces of ${size}`).toEqual(['{"a":"é🌞"}', '{"b":1}', '{"c":2}']);
    }
  });

  test('a line without end is refused, open or closed', () => {
    expect(() => createLineReader(10).push(new TextEncoder().encode('x'.repeat(11)))).toThrow(SseTooLarge);
    expect(() => createLineReader(10).push(new TextEncoder().encode(`${'x'.repeat(11)}\n`))).toThrow(SseTooLarge);
  });
});
