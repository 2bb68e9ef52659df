/** A provider on 127.0.0.1 that can die in several ways, and come back at the same address. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { freePort } from './throwaway.ts';

/** `dead` refuses connections; `hanging` takes them and says nothing; the others answer. */
export type Condition = 'alive' | 'dead' | 'hanging' | 'failing' | 'refusing' | 'used-up' | 'patience';

export interface MortalProvider {
  origin: string;
  /** `origin` and `/v1`. */
  baseUrl: string;
  /** Paths that were asked, in their order. */
  asked: string[];
  /** Waits this long before each answer. */
  delayMs: number;
  become(condition: Condition): Promise<void>;
  close(): Promise<void>;
}

const said: Partial<Record<Condition, [number, unknown]>> = {
  failing: [500, { error: { message: 'broken', type: 'server_error' } }],
  refusing: [401, { error: { message: 'wrong key', type: 'invalid_request_error', code: 'invalid_api_key' } }],
  'used-up': [429, { error: { message: 'You exceeded your current quota', type: 'insufficient_quota', code: 'insufficient_quota' } }],
  patience: [429, { error: { message: 'slow down', type: 'rate_limit_error', code: 'rate_limit_exceeded' } }],
};

const completion = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'small-model',
  choices: [{ index: 0, message: { role: 'assistant', content: 'ok' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
};

export async function startMortalProvider(): Promise<MortalProvider> {
  const sockets = new Set<Socket>();
  let condition: Condition = 'alive';
  const port = await freePort();
  let server: Server | null = null;
  const provider: MortalProvider = { origin: '', baseUrl: '', asked: [], delayMs: 0, become, close: stop };

  const say = (response: ServerResponse, status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };

  async function open(): Promise<void> {
    server = createServer((request, response) => {
      provider.asked.push(request.url ?? '');
      request.resume().on('end', () => {
        if (condition === 'hanging') return;
        const [status, body] = said[condition] ?? [
          200,
          request.url?.endsWith('/models') ? { object: 'list', data: [{ id: 'small-model', object: 'model' }] } : completion,
        ];
        setTimeout(() => say(response, status, body), provider.delayMs);
      });
    });
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    });
    const opening = server;
    await new Promise<void>((resolve) => opening.listen(port, '127.0.0.1', resolve));
  }

  async function stop(): Promise<void> {
    const closing = server;
    server = null;
    if (!closing) return;
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => closing.close(() => resolve()));
  }

  async function become(next: Condition): Promise<void> {
    condition = next;
    if (next === 'dead') await stop();
    else if (server === null) await open();
  }

  await open();
  provider.origin = `http://127.0.0.1:${port}`;
  provider.baseUrl = `${provider.origin}/v1`;
  return provider;
}
