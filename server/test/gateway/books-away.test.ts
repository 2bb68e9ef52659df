/** When the books cannot be written: nothing is sent that could not be booked, and what is under way ends well. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { modelsOfConnection } from '../../src/control/connection-models.ts';
import { requestsInFlight } from '../../src/gateway/admit.ts';
import type { GatewayDeps } from '../../src/gateway/order.ts';
import { createProbe } from '../../src/gateway/probe.ts';
import { JournalFull, JournalUnavailable, type Journal } from '../../src/journal/journal.ts';
import { holding, plain, refusing, startFakeProvider, type FakeProvider } from '../support/fake-provider.ts';
import { errorOf, message, openRig, type Rig } from './rig.ts';
import { turns, until } from '../support/wait.ts';

let rig: Rig;
let fake: FakeProvider;
let second: FakeProvider;
let key = '';
let real: Journal;
beforeAll(async () => {
  [rig, fake, second] = await Promise.all([openRig(), startFakeProvider(), startFakeProvider()]);
  key = (await rig.issueKey()).text;
  await rig.connect({ name: 'Main', baseUrl: fake.baseUrl });
  await rig.connect({ name: 'Second', baseUrl: second.baseUrl });
  real = rig.deps.journal;
});
afterAll(async () => {
  await rig.close();
  await Promise.all([fake.close(), second.close()]);
});
beforeEach(() => {
  for (const one of [fake, second]) {
    one.answer(plain);
    one.received.length = 0;
  }
  for (const id of rig.deps.keeper.snapshot.connections.keys()) rig.deps.health.forget(id);
});

/** Runs with a journal whose disk behaves as told; the real one is back afterwards. */
async function withJournal(part: Partial<Journal>, run: () => Promise<void>): Promise<void> {
  const deps = rig.deps as GatewayDeps;
  const broken: Journal = Object.assign(
    Object.create(real) as Journal,
    {
      append: real.append.bind(real),
      whenDurable: real.whenDurable.bind(real),
      isFull: real.isFull.bind(real),
      flush: real.flush.bind(real),
    },
    part,
  );
  deps.journal = broken;
  try {
    await run();
  } finally {
    deps.journal = real;
  }
}

const asked = { model: 'gpt-4o', messages: message() };

describe('an intent that cannot be written', () => {
  test('503, and no provider hears of the request', async () => {
    const append: Journal['append'] = () => {
      throw new JournalUnavailable('no space');
    };
    await withJournal({ append }, async () => {
      const said = await rig.ask(key, asked);
      expect(said.status).toBe(503);
      expect(said.headers['retry-after']).toBe('5');
      expect(errorOf(said)).toMatchObject({ code: 'ledger_unavailable', type: 'server_error' });
    });
    expect(fake.received).toEqual([]);
    expect(requestsInFlight()).toBe(0);
    expect((await rig.ask(key, asked)).status).toBe(200);
  });

  test('503 also where the disk says so only afterwards', async () => {
    const append: Journal['append'] = (record, written) =>
      real.append(record, written && (() => written(new JournalUnavailable('it did not take it'))));
    await withJournal({ append }, async () => {
      const said = await rig.ask(key, asked);
      expect(said.status).toBe(503);
      const rows = await rig.rowsOf(String(said.headers['x-request-id']));
      expect(rows).toEqual([expect.objectContaining({ attemptNo: 1, isLast: true, state: 'settled', tokensIn: 0, cost: 0 })]);
    });
    expect(fake.received).toEqual([]);
  });

  test('at the second attempt ends the request with a row that stands for it', async () => {
    fake.answer(refusing(401));
    let intents = 0;
    const append: Journal['append'] = (record, written) => {
      if (record.kind === 'intent' && ++intents > 1) throw new JournalUnavailable('no space');
      return real.append(record, written);
    };
    await withJournal({ append }, async () => {
      const said = await rig.ask(key, asked);
      expect(errorOf(said).code).toBe('ledger_unavailable');
      const rows = await rig.rowsOf(String(said.headers['x-request-id']));
      expect(rows.filter((row) => row.isLast)).toEqual([
        expect.objectContaining({ state: 'refused', reason: 'ledger_unavailable', status: 503 }),
      ]);
      expect(rows).toContainEqual(expect.objectContaining({ attemptNo: 1, isLast: false, reason: 'auth' }));
    });
    expect(second.received).toEqual([]);
  });
});

describe('a journal that is full because the database is away', () => {
  test('503 for keys with a budget, before anything is set aside; others go on', async () => {
    const budgeted = await rig.issueKey({ budgetUsd: '1' });
    await withJournal({ isFull: () => true }, async () => {
      expect(errorOf(await rig.ask(budgeted.text, asked)).code).toBe('ledger_unavailable');
      expect((await rig.ask(key, asked)).status).toBe(200);
    });
    expect((await rig.ask(budgeted.text, asked)).status).toBe(200);
  });

  test('503 for everybody where it takes no intents at all, and what was set aside is given back', async () => {
    const budgeted = await rig.issueKey({ budgetUsd: '0.2' });
    const append: Journal['append'] = () => {
      throw new JournalFull('too much waits');
    };
    await withJournal({ append }, async () => {
      for (let count = 0; count < 5; count++) expect((await rig.ask(budgeted.text, asked)).status).toBe(503);
    });
    expect((await rig.ask(budgeted.text, asked)).status).toBe(200);
  });
});

describe('a list of models, which costs nothing', () => {
  const idOfMain = (): string => [...rig.deps.keeper.snapshot.connections.values()].find(({ name }) => name === 'Main')!.id;
  /** The house's own probe has its journal from the start; this one asks for it anew. */
  const listed = () => modelsOfConnection({ ...rig.deps, probe: createProbe(rig.deps) }, rig.caller, idOfMain(), { refresh: true });

  test('is asked for although the disk fails: its entry waits in memory', async () => {
    const asked: unknown[] = [];
    const append: Journal['append'] = (record, written, onFailure) => {
      if (record.kind === 'intent') asked.push(onFailure);
      return real.append(record, written, onFailure);
    };
    await withJournal({ append }, async () => expect(await listed()).toMatchObject({ source: 'live', fault: null }));
    expect(asked).toEqual(['remember']);
  });

  test('503 where the journal takes nothing, as for everything else that cannot be written down', async () => {
    const append: Journal['append'] = () => {
      throw new JournalFull('too much waits');
    };
    await withJournal({ append }, async () => {
      await expect(listed()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    });
  });

  test('503 where the disk says so only afterwards: the entry is settled and says that nothing was asked', async () => {
    const append: Journal['append'] = (record, written, ...more) =>
      real.append(record, written && (() => written(new JournalUnavailable('it did not take it'))), ...more);
    const before = (await rig.rows()).length;
    await withJournal({ append }, async () => {
      await expect(listed()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    });
    const rows = (await rig.rows()).slice(before);
    expect(rows).toMatchObject([{ attemptNo: 1, isLast: true, state: 'settled', reason: 'unreachable', cost: 0 }]);
  });
});

describe('a settlement that cannot be written', () => {
  test('does not keep the answer from its caller; the row stays open, and the log says so', async () => {
    const append: Journal['append'] = (record, written) => {
      if (record.kind === 'settle') throw new JournalUnavailable('no space');
      return real.append(record, written);
    };
    const before = rig.logged.length;
    await withJournal({ append }, async () => {
      const said = await rig.ask(key, asked);
      expect(said.status).toBe(200);
      expect(await rig.rowsOf(String(said.headers['x-request-id']))).toEqual([expect.objectContaining({ state: 'intent', isLast: false })]);
    });
    expect(rig.logged.slice(before).join('')).toContain('a settlement could not be written');
  });

  test('counts with what was set aside, as after a restart', async () => {
    let reservedNanoUsd = 0;
    const append: Journal['append'] = (record, written) => {
      if (record.kind === 'settle') throw new JournalUnavailable('no space');
      if (record.kind === 'intent') reservedNanoUsd += record.reservedNanoUsd;
      return real.append(record, written);
    };
    const budgeted = await rig.issueKey({ budgetUsd: '5' });
    const used = () => rig.deps.limits.usedOf({ kind: 'access-key', id: budgeted.id }, 'money', 'total', rig.deps.clock.nowMs());
    await withJournal({ append }, async () => expect((await rig.ask(budgeted.text, asked)).status).toBe(200));
    expect(reservedNanoUsd).toBeGreaterThan(0);
    expect(used()).toBe(reservedNanoUsd);
  });
});

describe('a disk that is slow to sync', () => {
  test('keeps the first byte back until it has, for whole answers and streams', async () => {
    for (const stream of [false, true]) {
      const waiting: (() => void)[] = [];
      await withJournal({ whenDurable: (_seq, durable) => void waiting.push(() => durable(null)) }, async () => {
        let isAnswered = false;
        const asking = rig.ask(key, { ...asked, stream }).then((said) => ((isAnswered = true), said));
        await until(() => waiting.length > 0, 'the answer waits for the disk');
        await turns();
        expect(isAnswered).toBe(false);
        for (const go of waiting) go();
        expect((await asking).status).toBe(200);
      });
    }
  });

  test('that fails to sync does not hold an answer back for ever', async () => {
    await withJournal({ whenDurable: (_seq, durable) => durable(new JournalUnavailable('sync failed')) }, async () => {
      expect((await rig.ask(key, asked)).status).toBe(200);
    });
  });
});

describe('requests under way', () => {
  test('are counted while they are, and counted down however they end', async () => {
    fake.answer(holding(plain));
    const under = Array.from({ length: 5 }, () => rig.ask(key, asked));
    await until(() => fake.received.length + second.received.length === 5, 'five are with a provider');
    expect(requestsInFlight()).toBe(5);
    fake.release();
    for (const said of await Promise.all(under)) expect(said.status).toBe(200);
    fake.answer(plain);
    expect(requestsInFlight()).toBe(0);
    for (const model of ['no-such-model', 'Main/']) await rig.ask(key, { ...asked, model });
    fake.answer(refusing(500));
    await rig.ask(key, asked);
    expect(requestsInFlight()).toBe(0);
  });
});
