/** Sources that an answer names, for callers whose wire has no words for them: what they lose is named, in the head or in the books. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chunk, doneEvent, roleEvent, sse, streaming, usageEvent, whole, wholeBody } from '../support/fake-provider.ts';
import { openWireHouse, type WireHouse } from '../support/client-wires.ts';

let house: WireHouse;
beforeAll(async () => {
  house = await openWireHouse();
});
afterAll(() => house.close());

const messages = [{ role: 'user', content: 'Where?' }];
const cited = { start_index: 0, end_index: 3, url: 'https://example.com/a', title: 'A page' };

async function ask(path: string, more: object, isStream: boolean, annotations: unknown[]): Promise<{ named: string; booked: string }> {
  const message = { role: 'assistant', content: 'See.', annotations };
  house.answer(
    'openai',
    isStream
      ? streaming([roleEvent, sse(chunk({ content: 'See.' })), sse(chunk({ annotations })), sse(chunk({}, 'stop')), usageEvent, doneEvent])
      : whole(wholeBody('', { choices: [{ index: 0, message, finish_reason: 'stop' }] })),
  );
  const answer = await fetch(`${house.rig.url}${path}`, {
    method: 'POST',
    body: JSON.stringify({ model: 'Chat/gpt-4o', stream: isStream, ...more }),
    headers: { 'content-type': 'application/json', authorization: `Bearer ${house.key}` },
  });
  expect(answer.status).toBe(200);
  expect(await answer.text()).toContain('See.');
  const rows = await house.rig.rows();
  return { named: answer.headers.get('x-patchbay-changed') ?? '', booked: rows.at(-1)!.changed ?? '' };
}

const web = { type: 'url_citation', url_citation: cited };
test.each([
  ['/v1/messages', { max_tokens: 100, messages }, [{ type: 'file', file: { hash: 'x' } }]],
  ['/v1/completions', { prompt: 'Where?' }, [web]],
  ['/ollama/api/chat', { messages }, [web]],
  ['/v1/responses', { input: 'Where?' }, [{ type: 'file', file: { hash: 'x' } }]],
])('%s names sources as left out: in the head of a whole answer, in the books of a stream', async (path, more, annotations) => {
  const asWhole = await ask(path, more, false, annotations);
  expect(asWhole.named).toContain('annotations;dropped');
  expect(asWhole.booked).toContain('annotations');
  expect((await ask(path, more, true, annotations)).booked).toContain('annotations');
});

test.each([
  ['/v1/responses', { input: 'Where?' }, [web]],
  ['/v1/chat/completions', { messages }, [web]],
  ['/v1/messages', { max_tokens: 100, messages }, [web]],
  ['/v1/messages', { max_tokens: 100, messages }, []],
])('%s names nothing where sources are told, or none were given', async (path, more, annotations) => {
  for (const isStream of [false, true]) {
    const { named, booked } = await ask(path, more, isStream, annotations);
    expect(named + booked).not.toContain('annotations');
  }
});
