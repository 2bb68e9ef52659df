/** Loaded into a server before anything else: measures how long its main thread lets others wait, from a signal on until the process ends. */
import { writeFileSync } from 'node:fs';
import { createHistogram } from 'node:perf_hooks';

/** A timer that is due every millisecond; what it comes late by is what anybody else would have waited. */
const stepMs = 1;
const file = process.env['LAG_FILE'];

const late = createHistogram();
/** What the thread itself worked between two looks: what another program took from it is not in here. */
const worked = createHistogram();
const usedUs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return user + system;
};

function begin(): void {
  let [lastMs, lastUs] = [performance.now(), usedUs()];
  setInterval(() => {
    const [nowMs, nowUs] = [performance.now(), usedUs()];
    late.record(Math.max(1, Math.round((nowMs - lastMs - stepMs) * 1_000)));
    worked.record(Math.max(1, Math.round(nowUs - lastUs)));
    [lastMs, lastUs] = [nowMs, nowUs];
  }, stepMs).unref();
}

const figuresOf = (histogram: typeof late): Record<string, number> => ({
  count: histogram.count,
  p50: histogram.percentile(50),
  p99: histogram.percentile(99),
  p999: histogram.percentile(99.9),
  max: histogram.max,
});

process.once('SIGUSR2', begin);
process.once('exit', () => {
  if (file !== undefined) writeFileSync(file, JSON.stringify({ late: figuresOf(late), worked: figuresOf(worked) }));
});
