/** Reads V8's CPU profiles and says which functions and files the time went into. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  timeDeltas: number[];
}

interface Hot {
  place: string;
  share: number;
}

export interface Summary {
  file: string;
  busyMs: number;
  functions: Hot[];
  files: Hot[];
}

const shownFunctions = 45;
const shownFiles = 30;
const notBusy = new Set(['(idle)', '(program)', '(root)']);

/** A path that says where something is, without where the project is. */
const shortened = (url: string): string =>
  url
    .replace(/^file:\/\//, '')
    .replace(/^.*\/node_modules\//, '')
    .replace(/^.*\/(?=(?:server|contract|client)\/)/, '') || '(native)';

/** The self time of every function and file, as shares of the time in which the thread did something. */
export function summarise(file: string, profile: CpuProfile): Summary {
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const byFunction = new Map<string, number>();
  const byFile = new Map<string, number>();
  let busyUs = 0;
  for (const [index, id] of profile.samples.entries()) {
    const frame = frames.get(id);
    const us = profile.timeDeltas[index] ?? 0;
    if (!frame || frame.functionName === '(idle)' || frame.functionName === '(root)') continue;
    busyUs += us;
    const place = shortened(frame.url);
    const name = frame.functionName || '(anonymous)';
    const at = notBusy.has(name) || frame.url === '' ? name : `${name} ${place}:${frame.lineNumber + 1}`;
    byFunction.set(at, (byFunction.get(at) ?? 0) + us);
    byFile.set(frame.url === '' ? name : place, (byFile.get(frame.url === '' ? name : place) ?? 0) + us);
  }
  const hottest = (sums: ReadonlyMap<string, number>, count: number): Hot[] =>
    [...sums]
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, count)
      .map(([place, us]) => ({ place, share: busyUs === 0 ? 0 : us / busyUs }));
  return { file, busyMs: busyUs / 1_000, functions: hottest(byFunction, shownFunctions), files: hottest(byFile, shownFiles) };
}

/** One summary for each profile in a directory, the busiest thread first. */
export function summariesIn(dir: string): Summary[] {
  return readdirSync(dir)
    .filter((name) => name.endsWith('.cpuprofile'))
    .map((name) => summarise(name, JSON.parse(readFileSync(join(dir, name), 'utf8')) as CpuProfile))
    .toSorted((a, b) => b.busyMs - a.busyMs);
}

export function profileText({ file, busyMs, functions, files }: Summary): string {
  const lines = (hot: readonly Hot[]): string[] => hot.map(({ place, share }) => `  ${(share * 100).toFixed(1).padStart(5)} %  ${place}`);
  return [`${file}: ${busyMs.toFixed(0)} ms busy`, ' functions', ...lines(functions), ' files', ...lines(files)].join('\n');
}
