/** The models of a connection's own machine, through the front door: listing, fetching as a task, deleting. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { deedsOf } from '../support/entries.ts';
import { openHouse, type House, type Reply, type Resident } from '../support/house.ts';

let house: House;
let ada: Resident;
let ben: Resident;
let machine: Server;
let origin: string;
/** The connection under test, Ada's for everybody. */
let id: string;
let asked: { method: string; path: string; body: string; authorization: string | undefined }[] = [];
/** How the machine answers a download; the response stays open until the test ends it. */
let onPull: (response: ServerResponse) => void = () => undefined;

const unknownId = '01890a5d-ac96-774b-bcce-b302099a8057';
const tags = { models: [{ name: 'llama3.2:latest', size: 5, modified_at: '2026-10-01T10:00:00Z', details: { family: 'llama' } }] };
const line = (body: unknown): string => `${JSON.stringify(body)}\n`;
const layer = (completed: number): string => line({ status: 'pulling a', digest: 'sha256:a', total: 100, completed });

beforeAll(async () => {
  machine = createServer((request, response) => {
    let body = '';
    request.on('data', (piece: Buffer) => void (body += piece.toString()));
    request.on('end', () => {
      const path = request.url ?? '';
      asked.push({ method: request.method ?? '', path, body, authorization: request.headers.authorization });
      if (path === '/api/pull') {
        response.writeHead(200, { 'content-type': 'application/x-ndjson' });
        onPull(response);
        return;
      }
      const isMissing = path === '/api/delete' && body.includes('gone');
      response.writeHead(isMissing ? 404 : path === '/broken/api/tags' ? 500 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(isMissing ? { error: "model 'gone' not found" } : path === '/api/ps' ? { models: [] } : tags));
    });
  });
  await new Promise<void>((resolve) => machine.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(machine.address() as AddressInfo).port}`;
  house = await openHouse({ egressAllow: '127.0.0.1:*' });
  ada = await house.createResident('Ada');
  ben = await house.createResident('Ben');
  id = await connect(ada, 'Machine', { scope: 'organization' });
});
afterAll(async () => {
  await house.close();
  machine.closeAllConnections();
  await new Promise<void>((resolve) => machine.close(() => resolve()));
});
beforeEach(() => {
  asked = [];
});

async function connect(person: Resident, name: string, extra: Record<string, unknown> = {}): Promise<string> {
  const body = { name, provider: 'ollama', baseUrl: origin, defaultModel: 'llama3.2', ...extra };
  return (await house.request('POST', '/api/ai-connections', { token: person.token, body })).at('id');
}
const list = (person: Resident | null, of = id): Promise<Reply> =>
  house.request('GET', `/api/configurations/${of}/ollama/models`, person === null ? {} : { token: person.token });
const pull = (person: Resident | null, model: unknown, of = id): Promise<Reply> =>
  house.request('POST', `/api/configurations/${of}/ollama/pull`, { ...(person && { token: person.token }), body: { model } });
const remove = (person: Resident | null, model: string, of = id): Promise<Reply> =>
  house.request(
    'DELETE',
    `/api/configurations/${of}/ollama/models/${encodeURIComponent(model)}`,
    person === null ? {} : { token: person.token },
  );
const task = (person: Resident, taskId: string): Promise<Reply> => house.request('GET', `/api/tasks/${taskId}`, { token: person.token });
const stateOf = async (person: Resident, taskId: string): Promise<string> => (await task(person, taskId)).at('data.state');

const doneOf = async (person: Resident, taskId: string): Promise<number> =>
  ((await task(person, taskId)).body['data'] as unknown as { progress: { done: number } }).progress.done;

describe('GET /api/configurations/:id/ollama/models', () => {
  test('200 lists what is installed, to everybody who may use the connection', async () => {
    for (const person of [ada, ben]) {
      const reply = await list(person);
      expect(reply.status).toBe(200);
      expect(reply.body['data']).toEqual([
        {
          id: 'llama3.2:latest',
          sizeBytes: 5,
          modifiedAt: '2026-10-01T10:00:00.000Z',
          digest: null,
          family: 'llama',
          parameterSize: null,
          quantization: null,
          isLoaded: false,
          loadedBytes: null,
        },
      ]);
    }
    expect(asked.map(({ path }) => path)).toEqual(['/api/tags', '/api/ps', '/api/tags', '/api/ps']);
  });

  test('401 for nobody', async () => {
    expect((await list(null)).status).toBe(401);
  });

  test('403 for a connection of a workspace that is not theirs', async () => {
    const workspaceId = await house.createWorkspace('Closed', [[ada, 'ADMIN']]);
    const body = { name: 'Theirs', aiType: 'OTHER', workspaceId, endpoint: origin, secret: 'sk-test-abcdefghijkl', defaultModel: 'm' };
    const made = await house.request('POST', '/ai/llm', { token: ada.token, body });
    expect((await list(ben, made.at('aiLlmId'))).status).toBe(403);
  });

  test("404 for a connection that is not there, that is somebody else's, or that has no machine", async () => {
    const foreign = await connect(ada, 'Own');
    const hosted = await connect(ada, 'Hosted', {
      provider: 'openai',
      baseUrl: origin,
      apiKey: 'sk-test-abcdefghijkl',
      scope: 'organization',
    });
    for (const of of [unknownId, 'x', hosted]) expect((await list(ben, of)).status, of).toBe(404);
    expect((await list(ben, foreign)).status).toBe(404);
  });

  test('502 when the machine answers with an error', async () => {
    const broken = await connect(ada, 'Broken', { baseUrl: `${origin}/broken` });
    const reply = await list(ada, broken);
    expect([reply.status, reply.body['error_code']]).toEqual([502, 'PROVIDER_ERROR']);
  });
});

describe('POST /api/configurations/:id/ollama/pull', () => {
  test('202 begins a task that tells its progress and survives the page', async () => {
    let response: ServerResponse | null = null;
    onPull = (given) => {
      response = given;
      given.write(line({ status: 'pulling manifest' }));
      given.write(layer(40));
    };
    const begun = await pull(ada, 'llama3.2:1b');
    expect(begun.status).toBe(202);
    const taskId: string = begun.at('data.taskId');
    await expect.poll(() => doneOf(ada, taskId)).toBe(40);
    const running = await task(ada, taskId);
    expect(running.body['data']).toMatchObject({
      kind: 'model-pull',
      title: 'llama3.2:1b',
      state: 'running',
      progress: { done: 40, total: 100, note: 'pulling a' },
      result: { connectionId: id, totalBytes: 100, completedBytes: 40 },
    });
    expect((await pull(ada, 'llama3.2:1b')).at('data.taskId')).toBe(taskId);
    response!.end(layer(100) + line({ status: 'success' }));
    await expect.poll(() => stateOf(ada, taskId)).toBe('done');
    expect(asked.find(({ path }) => path === '/api/pull')?.body).toBe('{"model":"llama3.2:1b","stream":true}');
  });

  test('202 a task that is cancelled lets go of the machine', async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    onPull = (response) => {
      response.on('close', () => resolve());
      response.write(layer(10));
    };
    const taskId: string = (await pull(ada, 'big')).at('data.taskId');
    await expect.poll(() => doneOf(ada, taskId)).toBe(10);
    await house.request('POST', `/api/tasks/${taskId}/cancel`, { token: ada.token, body: {} });
    await closed;
    await expect.poll(() => stateOf(ada, taskId)).toBe('cancelled');
  });

  test('202 a model that the machine cannot find ends the task as failed', async () => {
    onPull = (response) => void response.end(line({ error: 'pull model manifest: file does not exist' }));
    const taskId: string = (await pull(ada, 'no-such-model')).at('data.taskId');
    await expect.poll(() => stateOf(ada, taskId)).toBe('failed');
    expect((await task(ada, taskId)).body['data']).toMatchObject({
      errorCode: 'NOT_FOUND',
      // The machine's own words, for the person who asked.
      result: { connectionId: id, vendorMessage: 'pull model manifest: file does not exist' },
    });
  });

  test('400 for a name that is none', async () => {
    for (const model of ['', ' ', '../x y', 'a\nb', 7, null, 'x'.repeat(201)])
      expect((await pull(ada, model)).status, String(model)).toBe(400);
  });

  test('401 for nobody', async () => {
    expect((await pull(null, 'llama3.2')).status).toBe(401);
  });

  test('403 for those who may use the connection, and not change it', async () => {
    expect((await pull(ben, 'llama3.2')).status).toBe(403);
    expect(asked).toEqual([]);
  });

  test('404 for a connection that is not there', async () => {
    expect((await pull(ada, 'llama3.2', unknownId)).status).toBe(404);
  });

  test('429 for more downloads at a time than one person may have', async () => {
    const open: ServerResponse[] = [];
    onPull = (response) => void open.push(response);
    const begun: string[] = [];
    for (let at = 0; at < 5; at++) begun.push((await pull(ada, `model-${at}`)).at('data.taskId'));
    expect((await pull(ada, 'one-more')).status).toBe(429);
    await expect.poll(() => open.length).toBe(5);
    for (const response of open) response.end(line({ status: 'success' }));
    for (const taskId of begun) await expect.poll(() => stateOf(ada, taskId)).toBe('done');
  });
});

describe('DELETE /api/configurations/:id/ollama/models/:name', () => {
  test('200 deletes it from the machine, whatever its name holds', async () => {
    const reply = await remove(ada, 'hf.co/maker/Model-GGUF:Q4_K_M');
    expect(reply.status).toBe(200);
    expect(await deedsOf(house, reply)).toEqual(['connection.models.delete']);
    expect(asked[0]).toMatchObject({ method: 'DELETE', path: '/api/delete', body: '{"model":"hf.co/maker/Model-GGUF:Q4_K_M"}' });
  });

  test('401 for nobody', async () => {
    expect((await remove(null, 'x')).status).toBe(401);
  });

  test('403 for those who may use the connection, and not change it', async () => {
    expect((await remove(ben, 'llama3.2')).status).toBe(403);
  });

  test('404 for a model that is not installed, and for a connection that is not there', async () => {
    expect((await remove(ada, 'gone')).status).toBe(404);
    expect((await remove(ada, 'a b')).status).toBe(404);
    expect((await remove(ada, 'llama3.2', unknownId)).status).toBe(404);
  });

  test('502 when nobody answers', async () => {
    const lost = await connect(ada, 'Lost', { baseUrl: 'http://127.0.0.1:9' });
    expect((await remove(ada, 'llama3.2', lost)).status).toBe(502);
  });
});
