/** Guards the arithmetic of the benchmark: what it compares, what it leaves out, and when it calls a figure good. */
import { describe, expect, test } from 'vitest';
import type { CandidateName } from '../bench/candidates.ts';
import { details, goalRows, goals, type Run, spreadOf, verdictOf } from '../bench/figures.ts';
import type { Measurement } from '../bench/measure.ts';
import { readOptions } from '../bench/options.ts';
import { bodyOf, type PhaseName, phases, requestOf, timed } from '../bench/phases.ts';
import { summarise } from '../bench/profile.ts';

const measured = (round: number, phase: PhaseName, candidate: CandidateName, changes: Partial<Measurement> = {}): Measurement => ({
  round,
  phase,
  candidate,
  cpuUs: null,
  afterShare: null,
  perSecond: 1,
  chunksPerSecond: 0,
  p50Us: 0,
  p99Us: 0,
  chunkP50Us: 0,
  chunkP99Us: 0,
  rssKiB: null,
  fault: null,
  ...changes,
});

const row = (run: Run, rounds: number, figure: string) => goalRows(run, rounds).find((each) => each.figure === figure)!;
const againstNginx = 'CPU per request, 1 KB, to nginx';

describe('phases', () => {
  test('slow streams last as long as their phase and some chunks more, whatever the warm-up; the others only warm up longer', () => {
    const [slow, whole] = [phases.find(({ name }) => name === 'slow')!, phases.find(({ name }) => name === 'json1k')!];
    expect(timed(slow, 0, 4_000)).toMatchObject({ warmMs: 2_000, chunks: 14, model: 'bench-sse-14-1000' });
    expect(timed(slow, 10_000, 2_500)).toMatchObject({ warmMs: 10_000, chunks: 21, model: 'bench-sse-21-1000' });
    expect(timed(whole, 10_000, 4_000)).toEqual({ ...whole, warmMs: 10_000 });
    expect(timed(whole, 0, 4_000)).toEqual(whole);
  });

  test('a slow stream is asked for as one, though its length is known later', () => {
    const slow = phases.find(({ name }) => name === 'slow')!;
    const body = requestOf(timed(slow, 0, 4_000), 80, 'bench-sse-14-1000', {}).split('\r\n\r\n')[1]!;
    expect(JSON.parse(body)).toMatchObject({ model: 'bench-sse-14-1000', stream: true });
  });
});

describe('figures', () => {
  test('the median of an even number of values lies between the middle two', () => {
    expect(spreadOf([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4, count: 4 });
    expect(spreadOf([7])).toEqual({ median: 7, min: 7, max: 7, count: 1 });
    expect(spreadOf([])).toBeNull();
  });

  test('ratios are made within a round, so that a slow round does not distort them', () => {
    const run: Run = {
      starts: [],
      measurements: [
        measured(0, 'json1k', 'patchbay', { cpuUs: 30 }),
        measured(0, 'json1k', 'nginx', { cpuUs: 10 }),
        measured(1, 'json1k', 'patchbay', { cpuUs: 300 }),
        measured(1, 'json1k', 'nginx', { cpuUs: 100 }),
      ],
    };
    expect(row(run, 2, againstNginx)).toMatchObject({ spread: { median: 3, min: 3, max: 3, count: 2 }, verdict: 'goal' });
  });

  test('a void measurement counts for nothing, and is counted', () => {
    const run: Run = {
      starts: [],
      measurements: [
        measured(0, 'json1k', 'patchbay', { cpuUs: 1, fault: '3 wrong answers' }),
        measured(0, 'json1k', 'nginx', { cpuUs: 10 }),
      ],
    };
    expect(row(run, 1, againstNginx)).toMatchObject({ spread: null, verdict: 'not measured' });
    expect(details(run, ['json1k'], ['patchbay'])).toMatchObject([{ voids: 1, cpuUs: null }]);
  });

  test('added latency is reckoned from the run without a gateway', () => {
    const run: Run = {
      starts: [],
      measurements: [
        measured(0, 'rate', 'direct', { p50Us: 50_000 }),
        measured(0, 'rate', 'patchbay', { p50Us: 50_100 }),
        measured(0, 'rate', 'portkey', { p50Us: 51_000 }),
      ],
    };
    expect(row(run, 1, 'added p50 at 1,000/s, to Portkey')).toMatchObject({ spread: { median: 0.1 }, verdict: 'goal' });
  });

  test('memory of a stream is what a thousand of them added to the idle process', () => {
    const run: Run = {
      starts: [{ round: 0, candidate: 'patchbay', readyMs: 700, rssIdleKiB: 100_000 }],
      measurements: [measured(0, 'slow', 'patchbay', { rssKiB: 180_000 })],
    };
    expect(row(run, 1, 'memory per open slow stream')).toMatchObject({ spread: { median: 80 }, verdict: 'within bound' });
    expect(row(run, 1, 'start to ready, warm')).toMatchObject({ spread: { median: 0.7 }, verdict: 'within bound' });
  });

  test('a figure of which more is better is judged the other way round', () => {
    const one = (median: number) => ({ median, min: median, max: median, count: 1 });
    const more = { isLessBetter: false, goal: 12, bound: 8 };
    expect([13, 9, 7].map((median) => verdictOf(more, one(median)))).toEqual(['goal', 'within bound', 'WORSE THAN BOUND']);
    const less = { isLessBetter: true, goal: 3.5, bound: 4.5 };
    expect([3.5, 4, 5].map((median) => verdictOf(less, one(median)))).toEqual(['goal', 'within bound', 'WORSE THAN BOUND']);
  });

  test('no bound is stricter than its goal', () => {
    for (const { goal, bound, isLessBetter } of goals) expect(isLessBetter ? bound - goal : goal - bound).toBeGreaterThan(0);
  });
});

describe('requests', () => {
  test('a body is as long as its phase says, and is JSON', () => {
    for (const { bodyBytes } of phases) {
      const body = bodyOf('bench/bench-json', bodyBytes, false);
      expect(Math.abs(body.length / bodyBytes - 1)).toBeLessThan(0.05);
      const parsed = JSON.parse(body) as { model: unknown; messages: unknown };
      expect(parsed.model).toBe('bench/bench-json');
      expect(Array.isArray(parsed.messages)).toBe(true);
    }
  });

  test('the declared length is the length of the body', () => {
    const request = requestOf(phases[1]!, 8080, 'bench-json', { Authorization: 'Bearer key' });
    const [head = '', body = ''] = request.split('\r\n\r\n');
    expect(head).toContain(`Content-Length: ${Buffer.byteLength(body)}`);
    expect(head).toContain('Authorization: Bearer key');
  });
});

describe('options', () => {
  test('names are taken in the order of a run, whatever order they are given in', () => {
    expect(readOptions(['--candidates', 'portkey,nginx', '--phases', 'sse'])).toMatchObject({
      candidates: ['nginx', 'portkey'],
      phases: ['sse'],
    });
  });

  test('what cannot be meant is refused with the name of the option', () => {
    expect(() => readOptions(['--rounds', '0'])).toThrow('--rounds');
    expect(() => readOptions(['--candidates', 'apache'])).toThrow('"apache"');
    expect(() => readOptions(['--gateway-core', '1'])).toThrow('different cores');
    expect(() => readOptions(['--colour', 'red'])).toThrow('--colour');
  });
});

test('a profile leaves idle time out of its shares', () => {
  const frame = (id: number, functionName: string, url = '') => ({ id, callFrame: { functionName, url, lineNumber: 4 } });
  const summary = summarise('x', {
    nodes: [frame(1, '(idle)'), frame(2, 'relay', 'file:///home/me/server/src/gateway/relay.ts'), frame(3, 'writev')],
    samples: [1, 2, 3, 2],
    timeDeltas: [10_000, 3_000, 1_000, 4_000],
  });
  expect(summary.busyMs).toBe(8);
  expect(summary.functions).toEqual([
    { place: 'relay server/src/gateway/relay.ts:5', share: 7 / 8 },
    { place: 'writev', share: 1 / 8 },
  ]);
});
