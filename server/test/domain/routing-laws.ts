/** Seeded scenarios of failing, slowing and recovering targets, and the laws that hold in every one of them. A seed repeats its scenario. */
import { assumedFaults } from '@patchbay/contract/routing-limits';
import { hedgeShareMax } from '../../src/domain/hedge.ts';
import { budgetFloor, budgetShare, budgetWindowMs } from '../../src/domain/retry-budget.ts';
import { attemptsMax, attemptsPerTargetMax, ruleOf, targetsMax } from '../../src/domain/retry.ts';
import { groupDefaults, strategies } from '../../src/domain/routing-group.ts';
import { simulate, type SimulationEvent, type SimulationPlan } from '../../src/domain/simulate.ts';
import type { SimulationReport } from '../../src/domain/simulate-report.ts';
import { seededDraw, type AssumedTarget } from '../../src/domain/simulate-world.ts';

export const healthy: AssumedTarget = {
  name: 'healthy',
  weight: 1,
  firstByteMs: 300,
  slowShare: 0,
  slowMs: 6_000,
  tokensPerS: 100,
  faultShare: 0,
  fault: 'server_error',
  brokenShare: 0,
  outages: [],
  price: { input: 1_000_000_000, output: 4_000_000_000 },
};

export const plain: SimulationPlan = {
  strategy: 'ordered',
  options: groupDefaults,
  targets: [healthy],
  requests: 10_000,
  requestsPerS: 50,
  tokensIn: 1_000,
  tokensOut: 200,
  isStream: true,
  sessions: 0,
};

const requestsMax = 200;

/** One scenario: some targets fail, some are slow, some break off, some go away and come back. */
export function scenarioOf(seed: number): SimulationPlan {
  const draw = seededDraw(Math.imul(seed + 1, 0x9e3779b1));
  const pick = <T>(list: readonly T[]): T => list[Math.floor(draw() * list.length)]!;
  const requests = 50 + Math.floor(draw() * (requestsMax - 50));
  const requestsPerS = pick([1, 5, 20, 100, 500]);
  const spanMs = (requests / requestsPerS) * 1_000;
  const target = (_: unknown, at: number): AssumedTarget => {
    const fromMs = draw() * spanMs;
    return {
      name: `target ${at}`,
      weight: pick([0, 1, 1, 2, 10]),
      firstByteMs: 50 + draw() * 1_000,
      slowShare: pick([0, 0, 0.05, 0.5]),
      slowMs: 2_000 + draw() * 20_000,
      tokensPerS: 10 + draw() * 200,
      faultShare: pick([0, 0, 0.05, 0.3, 1]),
      fault: pick(assumedFaults),
      brokenShare: pick([0, 0, 0.1]),
      outages: draw() < 0.5 ? [] : [{ fromMs, toMs: fromMs + draw() * spanMs }],
      price: draw() < 0.2 ? null : { input: Math.floor(draw() * 5e9), output: Math.floor(draw() * 2e10) },
    };
  };
  return {
    strategy: pick(strategies),
    options: {
      ...groupDefaults,
      exploration: pick([0, 0.02, 0.2]),
      hedgeMaxNanoUsd: draw() < 0.5 ? null : pick([0, 10_000_000, 1_000_000_000]),
    },
    targets: Array.from({ length: 1 + Math.floor(draw() * 5) }, target),
    requests,
    requestsPerS,
    tokensIn: 1 + Math.floor(draw() * 4_000),
    tokensOut: 1 + Math.floor(draw() * 500),
    isStream: draw() < 0.7,
    sessions: pick([0, 5, 100]),
  };
}

interface Followed {
  planned: readonly number[];
  asked: number[];
  /** Attempts that content came from. */
  spoke: Set<number>;
  lastFault: Extract<SimulationEvent, { kind: 'fault' }> | null;
  beganMs: number;
  ends: number;
}

/** All attempts of a request together take no longer, but for the one that is under way at that moment. */
const totalMs = 120_000;

/** Runs a scenario and returns what was broken, in words; empty where every law held. */
export function faultsOf(plan: SimulationPlan, seed: number): { faults: string[]; report: SimulationReport } {
  const faults: string[] = [];
  const followed = new Map<number, Followed>();
  const repeated = plan.targets.map(() => 0);
  const asked = plan.targets.map(() => 0);
  const broken = (request: number, what: string): void => void faults.push(`request ${request}: ${what}`);
  const report = simulate(plan, seededDraw(seed), (event) => {
    if (event.kind === 'planned') {
      if (new Set(event.order).size !== plan.targets.length)
        broken(event.request, 'a target is missing from the plan, or stands in it twice');
      followed.set(event.request, {
        planned: event.order.slice(0, targetsMax),
        asked: [],
        spoke: new Set(),
        lastFault: null,
        beganMs: event.atMs,
        ends: 0,
      });
      return;
    }
    const one = followed.get(event.request)!;
    if (event.kind === 'attempt') {
      if (one.spoke.size > 0) broken(event.request, 'somebody was asked after the first content');
      if (one.ends > 0) broken(event.request, 'somebody was asked after the end');
      if (event.why === 'same') repeated[event.target]!++;
      else asked[event.target]!++;
      one.asked.push(event.target);
      if (one.asked.length > attemptsMax) broken(event.request, `${one.asked.length} attempts`);
      if (one.asked.filter((target) => target === event.target).length > attemptsPerTargetMax)
        broken(event.request, 'one target was asked too often');
    } else if (event.kind === 'content') {
      one.spoke.add(event.attempt);
      if (one.spoke.size > 1) broken(event.request, 'content of two attempts was mixed');
    } else if (event.kind === 'fault') one.lastFault = event;
    else {
      one.ends++;
      if (one.ends > 1) broken(event.request, 'it ended twice');
      if (!event.isAnswered && wasGivenUp(one, event.atMs)) broken(event.request, 'a usable target was left unasked');
    }
  });
  for (const [request, { ends }] of followed) if (ends !== 1) broken(request, 'it never ended');
  const windows = (plan.requests / plan.requestsPerS) * 1_000 + totalMs;
  for (const [target, count] of repeated.entries()) {
    const bound = budgetShare * asked[target]! + budgetFloor * (Math.ceil(windows / budgetWindowMs) + 1);
    if (count > bound) faults.push(`target ${target}: ${count} repetitions of ${asked[target]} requests`);
  }
  if (report.hedges > hedgeShareMax * plan.requests) faults.push(`${report.hedges} hedges of ${plan.requests} requests`);
  return { faults, report };
}

/** Whether a request ended without an answer although the rules had somebody left to ask. */
function wasGivenUp({ planned, asked, lastFault, beganMs }: Followed, atMs: number): boolean {
  if (lastFault === null || lastFault.contentSent || asked.length >= attemptsMax || atMs - beganMs >= totalMs) return false;
  if (!ruleOf[lastFault.fault].other) return false;
  return planned.some((target) => !asked.includes(target));
}
