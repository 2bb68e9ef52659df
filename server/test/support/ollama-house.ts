/** A house with the official client of Ollama's wire before it, and a server of that wire among its providers. */
import { Ollama, type ChatResponse } from 'ollama';
import { afterAll, beforeAll } from 'vitest';
import { openWireHouse, type WireHouse } from './client-wires.ts';
import { startFakeProvider, whole, words, type Answer, type FakeProvider } from './fake-provider.ts';
import { movingClock } from './moving-clock.ts';

export const clock = movingClock();
export let house: WireHouse;
export let machine: FakeProvider;
export let client: Ollama;
export const clientOf = (key: string): Ollama =>
  new Ollama({ host: `${house.rig.url}/ollama`, headers: { Authorization: `Bearer ${key}` } });

/** Opens the house before the tests of a file, and closes it after them. */
export function ollamaScene(): void {
  beforeAll(async () => {
    [house, machine] = await Promise.all([openWireHouse({ clock }), startFakeProvider()]);
    await house.rig.connect({ name: 'Llama', providerId: 'ollama', baseUrl: machine.origin, model: 'llama3.1' });
    client = clientOf(house.key);
  });
  afterAll(async () => {
    await house.close();
    await machine.close();
  });
}

export const messages = [{ role: 'user', content: 'Say something.' }];
export const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${house.rig.url}/ollama${path}`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json', authorization: `Bearer ${house.key}`, ...headers },
  });
export const linesOf = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
export async function gathered(stream: AsyncIterable<ChatResponse>): Promise<{ text: string; lines: ChatResponse[] }> {
  const lines: ChatResponse[] = [];
  for await (const line of stream) lines.push(line);
  return { text: lines.map(({ message }) => message.content).join(''), lines };
}

export const ended = { done: true, done_reason: 'stop', prompt_eval_count: 11, eval_count: 7 };
export const machineHead = { model: 'llama3.1', created_at: '2026-11-21T08:00:00.000000001Z' };
export const machineEnd = { ...ended, total_duration: 900, load_duration: 5, prompt_eval_duration: 10, eval_duration: 880 };
export const machineLines = [
  ...words.map((content) => ({ ...machineHead, message: { role: 'assistant', content }, done: false })),
  { ...machineHead, message: { role: 'assistant', content: '' }, ...machineEnd },
].map((line) => `${JSON.stringify(line)}\n`);
export const machineWhole = { ...machineHead, message: { role: 'assistant', content: words.join('') }, ...machineEnd, brand_new: 1 };

/** A server of this wire: a stream unless it is told not to. */
export const ofMachine: Answer = (turn) => {
  if (turn.call.json['stream'] === false) return whole(JSON.stringify(machineWhole))(turn);
  turn.response.writeHead(200, { 'content-type': 'application/x-ndjson' }).end(machineLines.join(''));
};
export const answerMachine = (answer: Answer): void => {
  machine.received.length = 0;
  machine.answer(answer);
};
