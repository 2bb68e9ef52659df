/** The start, from nothing and again, and the end: in peace without losing a request, and in a hurry without losing a line of the books. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { pause, systemClock, type Clock } from '../../src/lib/clock.ts';
import { chunk, holding, holdingBetween, roleEvent, sse, startFakeProvider, whole } from '../support/fake-provider.ts';
import { DataDirectoryLocked } from '../../src/storage/errors.ts';
import { intentOf, settlementOf } from '../storage/ledger-records.ts';
import { clear, completion, demoKey, folder, start, type Completed, type Started } from './started.ts';

afterEach(clear);

/** Set-up link's token. */
const tokenOf = (setupUrl: string | null): string => new URL(setupUrl ?? 'none:').searchParams.get('token') ?? '';
const setup = (token: string): Record<string, string> => ({
  token,
  name: 'Ada',
  email: 'ada@example.org',
  password: 'a long enough password',
});
const open = { hasAdministrator: false };

describe('a start', () => {
  test('from an empty folder is ready, and again on the same folder finds everything as it was', async () => {
    const dataDir = folder();
    const first = await start({ dataDir });
    expect(await first.call('GET', '/readyz')).toMatchObject({
      status: 200,
      body: { ready: true, engine: 'sqlite', database: 'ok', ledgerLagRecords: 0 },
    });
    const made = await first.call('POST', '/api/configurations', {
      name: 'Kept',
      provider: 'openai',
      model: 'gpt-4o',
      apiKey: 'sk-0123456789abcdef',
    });
    expect(made.status).toBe(201);
    const { configRevision, schema } = (await first.call('GET', '/readyz')).body;
    await first.close({ isHurried: true });
    const second = await start({ dataDir });
    expect((await second.call('GET', '/readyz')).body).toMatchObject({ ready: true, schema, configRevision });
    expect((await second.call('GET', `/api/configurations/${made.body.data.id}`)).body).toMatchObject({
      data: { name: 'Kept', hasApiKey: true },
    });
  });

  test('keeps its administrator and their token from run to run', async () => {
    const dataDir = folder();
    const ids: unknown[] = [];
    for (let run = 0; run < 2; run++) {
      const house = await start({ dataDir });
      const me = await house.call('GET', '/api/me');
      expect(me.body.data).toMatchObject({ email: 'admin@example.org', role: 'administrator' });
      ids.push(me.body.data.id);
      await house.close({ isHurried: true });
    }
    expect(ids[0]).toBe(ids[1]);
  });

  test('on a port that is taken is refused and leaves the folder free', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    const dataDir = folder();
    await expect(start({ dataDir, environment: { PATCHBAY_PORT: String(port) } })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await new Promise((resolve) => taken.close(resolve));
    expect((await (await start({ dataDir })).call('GET', '/readyz')).status).toBe(200);
  });

  test('that fails half-way closes what it had opened, so that the next one succeeds', async () => {
    const dataDir = folder();
    // A file where the journal's folder belongs: the database is open by then.
    writeFileSync(join(dataDir, 'journal'), 'in the way');
    await expect(start({ dataDir })).rejects.toThrow(/journal|EEXIST|ENOTDIR/);
    rmSync(join(dataDir, 'journal'));
    mkdirSync(join(dataDir, 'journal'));
    expect((await (await start({ dataDir })).call('GET', '/readyz')).status).toBe(200);
  });

  test('of a second house on the same folder is refused, and the first serves on', async () => {
    const dataDir = folder();
    const first = await start({ dataDir });
    await expect(start({ dataDir })).rejects.toThrow(DataDirectoryLocked);
    expect((await first.call('GET', '/readyz')).status).toBe(200);
    await first.close({ isHurried: true });
    expect((await (await start({ dataDir })).call('GET', '/readyz')).status).toBe(200);
  });

  test('offers no demo provider where the operator turned it off', async () => {
    const house = await start({ environment: { PATCHBAY_DEMO: 'off' } });
    expect((await house.call('GET', '/demo/v1/models')).body).toMatchObject({ error_code: 'ROUTE_NOT_FOUND' });
    expect((await house.call('GET', '/api/providers')).text).not.toContain('"demo"');
  });
});

describe('the set-up link', () => {
  test('is there while nobody is an administrator, works once, and is gone at the next start', async () => {
    const dataDir = folder();
    const first = await start({ dataDir, ...open });
    expect(first.setupUrl).toMatch(new RegExp(`^${first.url}/setup\\?token=[\\w-]{43}$`));
    const done = await fetch(`${first.url}/api/setup`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(setup(tokenOf(first.setupUrl))),
    });
    expect([done.status, await done.text()]).toEqual([201, expect.any(String)]);
    await first.close({ isHurried: true });
    const second = await start({ dataDir, ...open });
    expect(second.setupUrl).toBeNull();
  });

  test('of an earlier start opens nothing after a later one', async () => {
    const dataDir = folder();
    const first = await start({ dataDir, ...open });
    const old = tokenOf(first.setupUrl);
    await first.close({ isHurried: true });
    const second = await start({ dataDir, ...open });
    const send = async (token: string): Promise<[number, unknown]> => {
      const answer = await fetch(`${second.url}/api/setup`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(setup(token)),
      });
      return [answer.status, ((await answer.json()) as { error_code?: string }).error_code];
    };
    expect(tokenOf(second.setupUrl)).not.toBe(old);
    expect(await send(old)).toEqual([403, 'SETUP_TOKEN_INVALID']);
    expect(await send(tokenOf(second.setupUrl))).toEqual([201, undefined]);
  });

  test('leads to the public address where there is one, and is not made where an administrator is named', async () => {
    const shown = await start({ ...open, environment: { PATCHBAY_PUBLIC_URL: 'https://ai.example.org' } });
    expect(shown.setupUrl).toMatch(/^https:\/\/ai\.example\.org\/setup\?token=/);
    expect((await start()).setupUrl).toBeNull();
  });
});

/** A stream of about a second. */
const long = { model: 'demo-large', stream: true, messages: [{ role: 'user', content: 'a '.repeat(190) }] };
const short = { model: 'demo-small' };
const isWholeStream = ({ status, text, fault }: Completed): boolean =>
  status === 200 && fault === null && text.endsWith('data: [DONE]\n\n');
const isWholeAnswer = ({ status, text, fault }: Completed): boolean =>
  status === 200 && fault === null && text.includes('"finish_reason":"stop"');

/** Short requests one after the other until the house asks to go elsewhere; every answer. */
async function knocking(house: Started, key: string, agent: Agent): Promise<Completed[]> {
  const answers: Completed[] = [];
  for (let count = 0; count < 2_000; count++) {
    const answer = await completion(house.url, key, agent, short);
    answers.push(answer);
    if (answer.connection === 'close' || answer.fault !== null) break;
    await pause(systemClock, 20);
  }
  return answers;
}

/** How long a house says that it is about to close (P8). */
const announceMs = 1_000;

/** A clock whose second of announcing lasts until those who knock were told as well: this process may stand still for longer than it. */
function patientClock(told: Promise<unknown>): Clock {
  const after: Clock['after'] = (delayMs, run) => systemClock.after(delayMs, delayMs === announceMs ? () => void told.then(run) : run);
  return { ...systemClock, after };
}

async function drained(
  house: Started,
  key: string,
  tellAll: () => void,
): Promise<{ streams: Completed[]; answers: Completed[]; tookMs: number }> {
  const agent = new Agent({ keepAlive: true });
  const callers = Array.from({ length: 4 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  const streams = Array.from({ length: 20 }, () => completion(house.url, key, agent, long));
  const answers = callers.map((caller) => knocking(house, key, caller));
  await expect.poll(() => house.house.deps.journal.lastSeq()).toBeGreaterThan(30);
  const startMs = systemClock.monotonicMs();
  void Promise.all(answers).then(tellAll);
  await house.close();
  const tookMs = systemClock.monotonicMs() - startMs;
  const all = { streams: await Promise.all(streams), answers: (await Promise.all(answers)).flat(), tookMs };
  for (const used of [agent, ...callers]) used.destroy();
  return all;
}

describe('an end in peace', () => {
  test('cuts no stream, fails no request, announces itself, and is over soon after the last answer', async () => {
    const dataDir = folder();
    const told = Promise.withResolvers<void>();
    const house = await start({ dataDir, clock: patientClock(told.promise) });
    const key = await demoKey(house);
    const { streams, answers, tookMs } = await drained(house, key, told.resolve);
    expect(streams.filter((answer) => !isWholeStream(answer))).toEqual([]);
    expect(answers.filter((answer) => !isWholeAnswer(answer))).toEqual([]);
    // Each caller was told to go elsewhere, and was served until then.
    expect(answers.filter(({ connection }) => connection === 'close')).toHaveLength(4);
    expect(tookMs).toBeGreaterThanOrEqual(announceMs);
    // Ten minutes are what a drain may take.
    expect(tookMs).toBeLessThan(60_000);
    const refused = await completion(house.url, key, new Agent(), short);
    expect(refused.fault).toBe('ECONNREFUSED');

    const again = await start({ dataDir });
    const rows = (await again.call('GET', '/api/requests?limit=500')).body.data as unknown as { state: string; reason: string | null }[];
    expect(rows).toHaveLength(streams.length + answers.length);
    expect(rows.filter(({ state, reason }) => state !== 'settled' || reason !== null)).toEqual([]);
  });

  test('waits for the last stream however long its line was promised to stay', async () => {
    const provider = await startFakeProvider();
    const house = await start({ environment: { PATCHBAY_EGRESS_ALLOW: '127.0.0.1:*' } });
    provider.answer(
      holdingBetween([roleEvent, sse(chunk({ content: 'first' }))], [sse(chunk({ content: 'last' }, 'stop')), 'data: [DONE]\n\n']),
    );
    await house.call('POST', '/api/configurations', {
      name: 'Held',
      provider: 'custom',
      baseUrl: provider.baseUrl,
      apiKey: 'sk-0123456789abcdef',
      model: 'gpt-4o',
    });
    const key = (await house.call('POST', '/api/access-keys', { name: 'app' })).body.data.key;
    const agent = new Agent({ keepAlive: true });
    const answer = completion(house.url, key, agent, { model: 'gpt-4o', stream: true });
    await expect.poll(() => provider.received.length).toBe(1);
    let isClosed = false;
    const closing = house.close().then(() => (isClosed = true));
    await pause(systemClock, 1_500);
    expect(isClosed).toBe(false);
    provider.release();
    expect(isWholeStream(await answer)).toBe(true);
    await closing;
    agent.destroy();
    await provider.close();
  });
});

const statesIn = async (house: Started): Promise<string[]> =>
  ((await house.call('GET', '/api/requests')).body.data as unknown as { state: string }[]).map(({ state }) => state);

describe('an end in a hurry', () => {
  test('cuts what is under way at once and keeps it in the books as partial, with what was sent', async () => {
    const provider = await startFakeProvider();
    const dataDir = folder();
    const environment = { PATCHBAY_EGRESS_ALLOW: '127.0.0.1:*' };
    const house = await start({ dataDir, environment });
    await house.call('POST', '/api/configurations', {
      name: 'Held',
      provider: 'custom',
      baseUrl: provider.baseUrl,
      apiKey: 'sk-0123456789abcdef',
      model: 'gpt-4o',
    });
    const key = (await house.call('POST', '/api/access-keys', { name: 'app' })).body.data.key;
    const stream = holdingBetween([roleEvent, sse(chunk({ content: 'some words' }))], []);
    provider.answer(stream, stream, stream, holding(whole()));
    const agent = new Agent({ keepAlive: true });
    const cut: Promise<Completed>[] = [];
    for (let count = 1; count <= 4; count++) {
      cut.push(completion(house.url, key, agent, { model: 'gpt-4o', stream: count < 4 }));
      await expect.poll(() => provider.received.length).toBe(count);
    }
    const startMs = systemClock.monotonicMs();
    await house.close({ isHurried: true });
    // Ten minutes are what a drain in peace would wait for them.
    expect(systemClock.monotonicMs() - startMs).toBeLessThan(20_000);
    for (const answer of await Promise.all(cut)) expect(answer.fault).not.toBeNull();

    const again = await start({ dataDir, environment });
    const rows = (await again.call('GET', '/api/requests')).body.data as unknown as {
      state: string;
      reason: string;
      isStream: boolean;
      isEstimated: boolean;
      tokensOut: number;
    }[];
    expect(rows).toHaveLength(4);
    for (const row of rows) expect(row).toMatchObject({ state: 'partial', reason: 'client_closed', status: 499, isEstimated: true });
    agent.destroy();
    await provider.close();
  });

  test('keeps the contents of what is cut, where a workspace has asked for them', async () => {
    const provider = await startFakeProvider();
    const dataDir = folder();
    const environment = { PATCHBAY_EGRESS_ALLOW: '127.0.0.1:*' };
    const house = await start({ dataDir, environment });
    const made = await house.call('POST', '/workspace', { name: 'Lab' });
    const workspaceId = (made.body as unknown as { workspace: { id: string } }).workspace.id;
    expect((await house.call('PUT', `/api/workspaces/${workspaceId}/capture`, { isOn: true, keptDays: 7 })).status).toBe(200);
    const connection = { name: 'Held', aiType: 'OTHER', endpoint: provider.baseUrl, secret: 'sk-0123456789abcdef', defaultModel: 'gpt-4o' };
    expect((await house.call('POST', '/ai/llm', { ...connection, workspaceId })).status).toBe(200);
    const key = (await house.call('POST', '/api/access-keys', { name: 'app', workspaceId })).body.data.key;
    provider.answer(holding(whole()));
    const agent = new Agent({ keepAlive: true });
    const cut = completion(house.url, key, agent, { model: 'gpt-4o' });
    await expect.poll(() => provider.received.length).toBe(1);
    await house.close({ isHurried: true });
    expect((await cut).fault).not.toBeNull();
    const again = await start({ dataDir, environment });
    const [row] = (await again.call('GET', '/api/requests')).body.data as unknown as { requestId: string; state: string }[];
    expect(row!.state).toBe('partial');
    const content = await again.call('GET', `/api/requests/${row!.requestId}/content`);
    expect(content.status).toBe(200);
    expect(content.text).toContain('gpt-4o');
    agent.destroy();
    await provider.close();
  });

  test('keeps the books open until the last call of a caller that was cut off is in them', async () => {
    const dataDir = folder();
    const house = await start({ dataDir });
    const { journal } = house.house.deps;
    const intent = intentOf({ atMs: systemClock.nowMs() });
    journal.append(intent);
    let isClosed = false;
    const closing = house.close({ isHurried: true }).then(() => (isClosed = true));
    await pause(systemClock, 1_000);
    expect(isClosed).toBe(false);
    expect(() => journal.append(intentOf())).toThrow('no new work');
    journal.append(settlementOf(intent, { state: 'partial' }));
    await closing;
    const again = await start({ dataDir });
    expect(await statesIn(again)).toEqual(['partial']);
  });

  test('does not wait for ever for a call that does not end', async () => {
    const dataDir = folder();
    const house = await start({ dataDir });
    house.house.deps.journal.append(intentOf({ atMs: systemClock.nowMs() }));
    const startMs = systemClock.monotonicMs();
    await house.close({ isHurried: true });
    expect(systemClock.monotonicMs() - startMs).toBeLessThan(20_000);
    const again = await start({ dataDir });
    expect(await statesIn(again)).toEqual(['unknown']);
  });

  test('does not wait for lines that do nothing', async () => {
    const house = await start();
    const agent = new Agent({ keepAlive: true });
    expect((await completion(house.url, await demoKey(house), agent, short)).status).toBe(200);
    const startMs = systemClock.monotonicMs();
    await house.close({ isHurried: true });
    // Such a line would be kept for more than a minute.
    expect(systemClock.monotonicMs() - startMs).toBeLessThan(20_000);
    agent.destroy();
  });
});
