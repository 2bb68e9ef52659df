/** Runs one phase against one candidate: sends the load, checks the answers, and reads what the candidate used meanwhile. */
import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { CandidateName, Serving } from './candidates.ts';
import { type Phase, type PhaseName, requestOf, timed } from './phases.ts';
import { cpuMsOf, rssKiBOf, startPinned, stop, untilIdle } from './processes.ts';

/** One candidate in one phase of one round. Times in microseconds unless the name says otherwise. */
export interface Measurement {
  round: number;
  phase: PhaseName;
  candidate: CandidateName;
  /** Of the gateway, per request or chunk. Null for `direct` and where the phase does not ask. */
  cpuUs: number | null;
  /** CPU that the gateway still used after the load had ended, as a share of what it used in the measured time. */
  afterShare: number | null;
  perSecond: number;
  chunksPerSecond: number;
  p50Us: number;
  p99Us: number;
  chunkP50Us: number;
  chunkP99Us: number;
  rssKiB: number | null;
  /** What makes this measurement void; null for none. */
  fault: string | null;
}

export interface Loading {
  loadBinary: string;
  loadCore: number;
  nice: number;
  measureMs: number;
  warmMsMin: number;
  dir: string;
}

/** What load.c prints. */
interface LoadReport {
  errors: number;
  perSecond: number;
  p50Us: number;
  p99Us: number;
  chunksPerSecond: number;
  chunkP50Us: number;
  chunkP99Us: number;
}

/** The length of the JSON answer of upstream.c. */
const answerBytes = 1_114;
const settleMsMax = 20_000;
/** The window is read a little before the load ends, so that the end is not part of it. */
const windowShare = 0.95;
const loadOverheadMs = 15_000;

export async function measure(loading: Loading, round: number, planned: Phase, serving: Serving): Promise<Measurement> {
  const phase = timed(planned, loading.warmMsMin, loading.measureMs);
  const { pid } = serving;
  const requestFile = join(loading.dir, `request-${serving.name}-${phase.name}`);
  writeFileSync(requestFile, requestOf(phase, serving.port, serving.modelPrefix + phase.model, serving.headers));
  const started = startPinned(loading.loadBinary, loadArguments(loading, phase, serving, requestFile), {
    core: loading.loadCore,
    nice: loading.nice,
  });
  try {
    const output = collect(started.child);
    await limited(output.measuring, phase.warmMs + loadOverheadMs);
    const from = { atMs: performance.now(), cpuMs: cpu(pid) };
    await wait(loading.measureMs * windowShare);
    const to = { atMs: performance.now(), cpuMs: cpu(pid) };
    const rssKiB = pid === null ? null : rssKiBOf(pid);
    const report = await limited(output.report, loading.measureMs + loadOverheadMs);
    const before = cpu(pid);
    if (pid !== null) await untilIdle(pid, settleMsMax);
    const usedMs = to.cpuMs - from.cpuMs;
    const cpuShare = usedMs / (to.atMs - from.atMs);
    const perSecond = phase.unit === 'chunk' ? report.chunksPerSecond : report.perSecond;
    return {
      round,
      phase: phase.name,
      candidate: serving.name,
      cpuUs: pid === null || phase.unit === null || perSecond === 0 ? null : (cpuShare * 1e6) / perSecond,
      afterShare: pid === null || usedMs === 0 ? null : (cpu(pid) - before) / usedMs,
      perSecond: report.perSecond,
      chunksPerSecond: report.chunksPerSecond,
      p50Us: report.p50Us,
      p99Us: report.p99Us,
      chunkP50Us: report.chunkP50Us,
      chunkP99Us: report.chunkP99Us,
      rssKiB,
      fault: serving.end() ?? faultOf(phase, report, cpuShare, output.complaint()),
    };
  } finally {
    await stop(started);
  }
}

const cpu = (pid: number | null): number => (pid === null ? 0 : cpuMsOf(pid));

function loadArguments(loading: Loading, phase: Phase, serving: Serving, requestFile: string): string[] {
  const options = {
    port: serving.port,
    request: requestFile,
    connections: phase.connections,
    warm: phase.warmMs,
    measure: loading.measureMs,
    ...(phase.rate === undefined ? {} : { rate: phase.rate }),
    ...(phase.chunks === undefined ? {} : { chunks: phase.chunks }),
    ...(serving.isExact && phase.chunks === undefined ? { bytes: answerBytes } : {}),
  };
  return Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

interface LoadOutput {
  measuring: Promise<void>;
  report: Promise<LoadReport>;
  complaint(): string;
}

function collect(child: ChildProcess): LoadOutput {
  let said = '';
  let complaint = '';
  let begin: () => void = () => {};
  const measuring = new Promise<void>((resolve) => (begin = resolve));
  child.stdout?.on('data', (piece: Buffer) => {
    said += piece.toString();
    if (said.includes('measuring\n')) begin();
  });
  child.stderr?.on('data', (piece: Buffer) => (complaint += piece.toString()));
  const report = once(child, 'close').then(() => {
    begin();
    const line = said.trim().split('\n').at(-1) ?? '';
    if (!line.startsWith('{')) throw new Error(`the load generator failed: ${complaint.trim() || 'it said nothing'}`);
    return JSON.parse(line) as LoadReport;
  });
  // Whoever gives up waiting earlier has said why already.
  report.catch(() => {});
  return { measuring, report, complaint: () => complaint.trim() };
}

async function limited<T>(work: Promise<T>, msMax: number): Promise<T> {
  const timer = new AbortController();
  const late = wait(msMax, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`the load generator took longer than ${msMax} ms`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}

/** A stream that ended is followed by the next after a moment without chunks, so all of them cannot come. */
const pacedShare = 0.85;
const rateShare = 0.97;
/** Of its core. Beyond this requests queue before a program that should be waiting for them: its latency is that of the queue. */
const pacedCpuShareMax = 0.9;

function faultOf(phase: Phase, report: LoadReport, cpuShare: number, complaint: string): string | null {
  const { errors, perSecond, chunksPerSecond } = report;
  if (errors > 0) return `${errors} wrong answers; the first: ${complaint.slice(0, 400)}`;
  if (phase.rate !== undefined && perSecond < phase.rate * rateShare) return `kept up only ${perSecond} of ${phase.rate} requests a second`;
  if (phase.chunksPerSecond !== undefined && chunksPerSecond < phase.chunksPerSecond * pacedShare) {
    return `kept up only ${chunksPerSecond} of ${phase.chunksPerSecond} chunks a second`;
  }
  const isPaced = phase.rate !== undefined || phase.chunksPerSecond !== undefined;
  if (isPaced && cpuShare > pacedCpuShareMax) return `saturated: it used ${(cpuShare * 100).toFixed(0)} % of its core`;
  return perSecond === 0 && chunksPerSecond === 0 ? 'not a single answer in the measured time' : null;
}
