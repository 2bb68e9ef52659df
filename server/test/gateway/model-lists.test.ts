/** Lists of models, asked for by many at once: the provider is asked once, and everybody gets its answer (C-29). */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { modelsOfConnection } from '../../src/control/connection-models.ts';
import { createModelLists, type FetchedList } from '../../src/gateway/model-lists.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { openRig, type Rig } from './rig.ts';
import { until } from '../support/wait.ts';

let rig: Rig;
let server: Server;
let baseUrl: string;
/** Questions that wait for their answer, in the order in which they came. */
const waiting: ServerResponse[] = [];
let calls = 0;

beforeAll(async () => {
  server = createServer((_request, response) => {
    calls++;
    waiting.push(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  rig = await openRig();
});
afterAll(async () => {
  await rig.close();
  server.closeAllConnections();
  server.close();
});

const answer = (status: number, body: unknown): void => {
  for (const response of waiting.splice(0)) response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};
const list = { object: 'list', data: [{ id: 'one' }, { id: 'two' }] };

test('twenty who ask at the same time are one call to the provider, and all of them get its answer', async () => {
  const { id } = await rig.connect({ name: 'Asked by many', baseUrl });
  const { modelLists } = rig.deps;
  const once = modelLists.once.bind(modelLists);
  let waitingFor = 0;
  modelLists.once = (...all) => {
    waitingFor++;
    return once(...all);
  };
  onTestFinished(() => void (modelLists.once = once));
  const asked = Array.from({ length: 20 }, () => modelsOfConnection(rig.deps, rig.caller, id, { refresh: false }));
  await until(() => waiting.length > 0 && waitingFor === 20, 'the provider is asked, and all wait for it');
  answer(200, list);
  const answers = await Promise.all(asked);
  expect(calls).toBe(1);
  expect(answers.map(({ models, source }) => [models.map((model) => model.id), source])).toEqual(
    answers.map(() => [['one', 'two'], 'live']),
  );
});

test("a failure is everybody's too, and the next one who asks is not bound to it", async () => {
  const lists = createModelLists(systemClock);
  const { promise, resolve } = Promise.withResolvers<FetchedList>();
  const fetchList = vi.fn<() => Promise<FetchedList>>(() => promise);
  const asked = Array.from({ length: 5 }, () => lists.once('connection', fetchList));
  const other = lists.once('another', () => Promise.resolve({ models: [], fault: null }));
  resolve({ models: null, fault: 'auth' });
  expect(new Set(await Promise.all(asked))).toEqual(new Set([{ models: null, fault: 'auth' }]));
  expect(fetchList).toHaveBeenCalledTimes(1);
  expect(await other).toEqual({ models: [], fault: null });
  expect(await lists.once('connection', () => Promise.resolve({ models: [], fault: null }))).toEqual({ models: [], fault: null });
});
