/** The rules of health: when a connection turns ill, slow and well again, what it is ill of, and that nothing flaps. */
import { describe, expect, test } from 'vitest';
import type { Fault } from '../../src/domain/errors.ts';
import {
  afterChange,
  afterCheck,
  afterSilence,
  afterTraffic,
  goodNeeded,
  goodToRecoverMax,
  historyMin,
  isIll,
  kindOfFault,
  kindOfModelFault,
  newHealth,
  outcomeOf,
  slowInRow,
  turnBetween,
  type CheckFinding,
  type Health,
} from '../../src/domain/health.ts';
import { joined, newTally, tallyFailure, tallySuccess, type Tally } from '../../src/domain/health-tally.ts';

const minute = 60_000;
const start = Date.UTC(2026, 10, 21);

/** A connection under test, with a clock of its own. */
class Patient {
  nowMs = start;
  health: Health = newHealth(start);
  readonly turns: string[] = [];

  #turn(after: Health): this {
    const turn = turnBetween(this.health, after, { connectionId: 'a', model: '' }, this.nowMs);
    if (turn) this.turns.push(`${turn.from} > ${turn.to}`);
    this.health = after;
    return this;
  }
  wait(ms: number): this {
    this.nowMs += ms;
    return this;
  }
  good(latencyMs = 100, isWhole = false): this {
    return this.#turn(afterCheck(this.health, { atMs: this.nowMs, isWhole, fault: null, latencyMs }));
  }
  bad(fault: Fault = 'unreachable', status: number | null = null, isWhole = false): this {
    return this.#turn(afterCheck(this.health, { atMs: this.nowMs, isWhole, fault, status }));
  }
  /** Requests one after the other, a second apart: `true` succeeds, a word fails by it. */
  requests(...outcomes: (true | Fault)[]): this {
    const tally = newTally();
    for (const outcome of outcomes) {
      this.nowMs += 1000;
      if (outcome === true) tallySuccess(tally, this.nowMs, null);
      else tallyFailure(tally, this.nowMs, outcome, 500, kindOfFault(outcome));
    }
    return this.told(tally);
  }
  told(tally: Tally): this {
    return this.#turn(afterTraffic(this.health, tally, kindOfFault));
  }
  times(count: number, run: () => void): this {
    for (let time = 0; time < count; time++) run();
    return this;
  }
}

const well = (): Patient => new Patient().good().wait(minute).good();

describe('a connection turns ill', () => {
  test('one good check of a connection that nothing is known of makes it healthy', () => {
    expect(new Patient().good().health).toMatchObject({ state: 'healthy', sinceMs: start, lastSuccessAtMs: start, lastCheckedAtMs: start });
  });

  test('one failed check is no illness, two in a row are', () => {
    const patient = well().wait(minute).bad();
    expect(patient.health.state).toBe('healthy');
    const firstMs = patient.nowMs;
    patient.wait(minute).bad('connect_timeout');
    expect(patient.health).toMatchObject({ state: 'failing', sinceMs: firstMs, consecutiveFailures: 2, lastFault: 'connect_timeout' });
  });

  test('four failed requests are no illness, five in a row are, and it began with the first of them', () => {
    const patient = well();
    const fromMs = patient.nowMs + 1000;
    patient.requests('server_error', 'server_error', 'stalled', 'server_error');
    expect(patient.health.state).toBe('healthy');
    patient.requests('overloaded');
    expect(patient.health).toMatchObject({
      state: 'failing',
      sinceMs: fromMs,
      consecutiveFailures: 5,
      lastFault: 'overloaded',
      lastStatus: 500,
    });
  });

  test('a success between them begins the row anew', () => {
    const patient = well().requests('server_error', 'server_error', 'server_error', true, 'server_error', 'server_error', 'server_error');
    expect(patient.health.state).toBe('healthy');
    expect(patient.requests('server_error', 'server_error').health.state).toBe('failing');
  });

  test('a check that only lists models does not excuse requests that fail', () => {
    const patient = well();
    patient.times(4, () => patient.wait(minute).requests('server_error').good());
    expect(patient.health.state).toBe('healthy');
    expect(patient.wait(minute).requests('server_error').health.state).toBe('failing');
  });

  test('failures that lie far apart are not in a row', () => {
    const patient = well();
    patient.times(12, () => patient.wait(11 * minute).requests('server_error'));
    expect(patient.health.state).toBe('healthy');
  });

  test('one failed check and two failed requests are enough together', () => {
    expect(well().bad().requests('server_error', 'server_error').health.state).toBe('failing');
  });

  test('half of many requests within a minute is an illness, although no five failed in a row', () => {
    const patient = well().wait(minute);
    const mixed = Array.from({ length: 24 }, (_, index): true | Fault => (index % 2 === 0 ? true : 'server_error'));
    expect(patient.requests(...mixed).health.state).toBe('failing');
  });

  test('one request in five that fails is none', () => {
    const patient = well().wait(minute);
    patient.requests(...Array.from({ length: 50 }, (_, index): true | Fault => (index % 5 === 4 ? 'server_error' : true)));
    expect(patient.health.state).toBe('healthy');
  });

  test.each([
    ['auth', 'auth'],
    ['quota_exhausted', 'quota'],
    ['server_error', 'failing'],
    ['blocked', 'failing'],
    ['secret_unreadable', 'failing'],
    ['endpoint_not_found', 'failing'],
  ] as const)('%s makes it %s', (fault, state) => {
    expect(well().wait(minute).bad(fault, 401).wait(minute).bad(fault, 401).health).toMatchObject({
      state,
      lastFault: fault,
      lastStatus: 401,
    });
  });

  test('a key that is refused twice in traffic is enough', () => {
    expect(well().requests('auth', 'auth').health.state).toBe('auth');
  });

  test.each(['bad_request', 'context_length', 'rate_limited', 'policy_blocked', 'caller_gone', 'conflict', 'model_not_found'] as const)(
    '%s is no illness, however often it comes',
    (fault) => {
      const patient = well();
      patient.requests(...Array.from({ length: 50 }, () => fault));
      patient.times(10, () => patient.wait(minute).bad(fault));
      expect(patient.health).toMatchObject({ state: 'healthy', consecutiveFailures: 0 });
    },
  );

  test('a model that is gone is ill by itself, and by a check that asks it', () => {
    expect(kindOfModelFault('model_not_found')).toBe('failing');
    expect(kindOfFault('model_not_found')).toBeNull();
    const finding: CheckFinding = { atMs: start, isWhole: true, fault: 'model_not_found', status: 404 };
    expect(outcomeOf(finding)).toBe('failed');
    expect(outcomeOf({ ...finding, isWhole: false })).toBe('skipped');
  });
});

describe('a connection recovers', () => {
  const ill = (): Patient => well().wait(minute).bad().wait(minute).bad();

  test('one good check is no recovery, two are, and it began with the first of them', () => {
    const patient = ill().wait(minute).good();
    expect(patient.health.state).toBe('failing');
    const fromMs = patient.nowMs;
    expect(patient.wait(minute).good().health).toMatchObject({ state: 'healthy', sinceMs: fromMs, consecutiveFailures: 0 });
  });

  test('two requests that succeed are a recovery', () => {
    expect(ill().requests(true).health.state).toBe('failing');
    expect(ill().requests(true, true).health.state).toBe('healthy');
  });

  test('a failure between two good checks begins the count anew', () => {
    const patient = ill().wait(minute).good().wait(minute).bad().wait(minute).good();
    expect(patient.health.state).toBe('failing');
    expect(patient.wait(minute).good().health.state).toBe('healthy');
  });

  test('each illness within half an hour of the one before makes the next recovery twice as long, up to a bound', () => {
    const patient = well();
    const needed: number[] = [];
    for (let illness = 0; illness < 5; illness++) {
      patient.wait(1000).bad().wait(1000).bad();
      needed.push(goodNeeded(patient.health));
      patient.times(goodToRecoverMax, () => patient.wait(1000).good());
      expect(patient.health.state).toBe('healthy');
    }
    expect(needed).toEqual([2, 4, 8, 8, 8]);
    expect(
      patient
        .wait(31 * minute)
        .bad()
        .wait(1000)
        .bad().health.state,
    ).toBe('failing');
    expect(goodNeeded(patient.health)).toBe(2);
  });

  test('a connection whose every other check fails turns seldom', () => {
    const patient = well();
    patient.times(240, () => patient.wait(15_000).bad().wait(15_000).good());
    expect(patient.turns.length).toBeLessThanOrEqual(1);
    const double = well();
    // Twice bad and twice good, for two hours.
    double.times(120, () => double.wait(15_000).bad().wait(15_000).bad().wait(15_000).good().wait(15_000).good());
    expect(double.turns.length).toBeLessThanOrEqual(7);
  });

  test('another reason takes its place only when it alone would be enough', () => {
    const patient = ill().wait(minute).bad('auth', 401);
    expect(patient.health.state).toBe('failing');
    expect(patient.wait(minute).bad('auth', 401).health.state).toBe('auth');
    expect(patient.turns).toEqual(['unknown > healthy', 'healthy > failing', 'failing > auth']);
  });

  test('a change of the connection makes its next recovery short again', () => {
    const patient = well();
    patient.times(3, () => {
      patient.wait(1000).bad().wait(1000).bad();
      patient.times(goodToRecoverMax, () => patient.wait(1000).good());
    });
    patient.wait(1000).bad().wait(1000).bad();
    patient.health = afterChange(patient.health);
    expect(patient.wait(1000).good().wait(1000).good().health).toMatchObject({ state: 'healthy', p50Ms: 100 });
  });
});

describe('a connection is slow', () => {
  const practised = (latencyMs = 200): Patient => {
    const patient = new Patient();
    return patient.times(historyMin, () => patient.wait(minute).good(latencyMs));
  };

  test('against its own pace, not against a number', () => {
    const quick = practised(200);
    expect(quick.times(slowInRow, () => quick.wait(minute).good(900)).health).toMatchObject({ state: 'slow', p50Ms: 200 });
    const thinker = practised(2_000);
    expect(thinker.times(20, () => thinker.wait(minute).good(2_900)).health.state).toBe('healthy');
  });

  test('not by one slow answer, and not before it has a history', () => {
    const patient = practised();
    expect(patient.times(30, () => patient.wait(minute).good(900).wait(minute).good(200)).health.state).toBe('healthy');
    const fresh = new Patient();
    expect(
      fresh
        .wait(minute)
        .good(10)
        .times(5, () => fresh.wait(minute).good(9_000)).health.state,
    ).toBe('healthy');
  });

  test('until it is quick twice', () => {
    const patient = practised();
    patient.times(slowInRow, () => patient.wait(minute).good(900));
    expect(patient.wait(minute).good(210).health.state).toBe('slow');
    expect(patient.wait(minute).good(210).health.state).toBe('healthy');
  });

  test('what stays slow for hours becomes its usual pace', () => {
    const patient = practised();
    patient.times(60, () => patient.wait(minute).good(200));
    patient.times(3 * 60, () => patient.wait(minute).good(900));
    expect(patient.health.state).toBe('slow');
    patient.times(6 * 60, () => patient.wait(minute).good(900));
    expect(patient.health).toMatchObject({ state: 'healthy', p50Ms: 900 });
  });

  test('an ill one is not slow beside', () => {
    const patient = practised().bad().wait(1000).bad();
    patient.wait(minute).good(5_000).wait(minute).good(5_000);
    expect(patient.health.state).toBe('healthy');
  });

  test('by the first bytes of a model, where traffic tells them', () => {
    let health = newHealth(start);
    const told = (firstByteMs: number): void => {
      const tally = newTally();
      tallySuccess(tally, start, firstByteMs);
      health = afterTraffic(health, tally, kindOfModelFault);
    };
    for (let time = 0; time < historyMin; time++) told(400);
    for (let time = 0; time < slowInRow; time++) told(1_500);
    expect(health.state).toBe('healthy');
    for (let time = 0; time < slowInRow; time++) told(3_000);
    expect(health.state).toBe('slow');
  });
});

test('what nobody has told of for long is unknown, and nothing of the illness is left', () => {
  const patient = well().requests('server_error', 'server_error', 'server_error', 'server_error', 'server_error');
  expect(afterSilence(patient.health, patient.nowMs + minute, 60 * minute)).toBe(patient.health);
  const silent = afterSilence(patient.health, patient.nowMs + 61 * minute, 60 * minute);
  expect(silent).toMatchObject({ state: 'unknown', consecutiveFailures: 0 });
  expect(isIll(silent.state)).toBe(false);
});

test('the health before is never changed by the health after', () => {
  const before = well().health;
  const kept = structuredClone(before);
  afterCheck(before, { atMs: start, isWhole: false, fault: 'dns', status: null });
  afterCheck(before, { atMs: start, isWhole: false, fault: null, latencyMs: 5 });
  const tally = newTally();
  tallyFailure(tally, start, 'auth', 401, 'auth');
  afterTraffic(before, tally, kindOfFault);
  afterChange(before);
  expect(before).toEqual(kept);
});

test('what is kept as text tells the same afterwards', () => {
  const patient = well().bad();
  patient.health = { ...patient.health, memory: JSON.parse(JSON.stringify(patient.health.memory)) as Health['memory'] };
  expect(patient.wait(minute).bad().health.state).toBe('failing');
});

describe('tallies', () => {
  const of = (...outcomes: (true | Fault)[]): Tally => {
    const tally = newTally();
    outcomes.forEach((outcome, index) =>
      outcome === true ? tallySuccess(tally, start + index, 10) : tallyFailure(tally, start + index, outcome, 500, kindOfFault(outcome)),
    );
    return tally;
  };

  test('count the failures after the last success', () => {
    expect(of('dns', true, 'dns', 'tls')).toMatchObject({ successes: 1, failures: 3, tail: 2, tailFromMs: start + 2, lastFault: 'tls' });
  });

  test('do not count what is no fault of the provider', () => {
    expect(of('bad_request', 'caller_gone')).toEqual(newTally());
  });

  test('that could not be written join those that came later, in their order', () => {
    expect(joined(of('dns', 'dns'), of('tls'))).toMatchObject({ failures: 3, tail: 3, tailFromMs: start, lastFault: 'tls' });
    expect(joined(of('dns', 'dns'), of(true, 'tls'))).toMatchObject({ failures: 3, successes: 1, tail: 1, tailFromMs: start + 1 });
    expect(joined(of('dns'), of(true))).toMatchObject({ tail: 0, lastFault: 'dns', lastStatus: 500, successes: 1 });
  });

  test('keep a bounded number of times', () => {
    const many = of(...Array.from({ length: 100 }, () => true as const));
    expect(many.firstByteMs.length).toBeLessThan(100);
    expect(joined(many, many).firstByteMs.length).toBe(many.firstByteMs.length);
  });
});
