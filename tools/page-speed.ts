/**
 * `node tools/page-speed.ts [--rounds 5] [--cpu 4] [page ...]`: how fast the pages are for somebody on a slow machine and a slow line (cold cache):
 * largest paint, layout shift and the slowest interaction, median of the rounds, against the budgets; then the same pages with three
 * of ten connections pointing at an address that accepts and never answers.
 */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { closeBrowser } from '../server/test/support/browser.ts';
import { signIn } from '../web/test/support/pages.ts';
import { visit, type Visitor } from '../web/test/support/visitor.ts';
import { pathsOf } from './pages/paths.ts';
import { openTown, type Town } from './pages/town.ts';

/** Milliseconds, and a share of the screen. */
const budgets = { paintMs: 1_500, interactionMs: 150, shift: 0, delayMs: 200 };
/** 10 Mbit/s with 40 ms, as the budgets were set. */
const line = { offline: false, latency: 40, downloadThroughput: 1_250_000, uploadThroughput: 1_250_000 };
const settleMs = 700;

const { values, positionals: only } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' }, cpu: { type: 'string', default: '4' } },
});
const rounds = Math.min(50, Math.max(1, Number(values.rounds) || 5));
const cpu = Math.min(20, Math.max(1, Number(values.cpu) || 4));

const median = (numbers: readonly number[]): number => {
  const half = Math.floor(numbers.length / 2);
  const upTo = (limit: number): number => numbers.filter((number) => number <= limit).length;
  return numbers.find((number) => upTo(number) > half && numbers.filter((other) => other < number).length <= half) ?? 0;
};

interface Figures {
  paintMs: number;
  shift: number;
  interactionMs: number;
}

type Watched = typeof globalThis & { figures: Figures };

/** Runs in the page before anything else. */
function watch(): void {
  const figures = { paintMs: 0, shift: 0, interactionMs: 0 };
  (globalThis as Watched).figures = figures;
  const observe = (type: string, run: (entry: PerformanceEntry & { value?: number; hadRecentInput?: boolean }) => void): void => {
    const settings: object = { type, buffered: true, durationThreshold: 16 };
    new PerformanceObserver((list) => list.getEntries().forEach(run)).observe(settings);
  };
  observe('largest-contentful-paint', (entry) => (figures.paintMs = entry.startTime));
  observe('layout-shift', (entry) => {
    if (entry.hadRecentInput !== true) figures.shift += entry.value ?? 0;
  });
  observe('event', (entry) => (figures.interactionMs = Math.max(figures.interactionMs, entry.duration)));
}

/** One cold visit of a page, with a few keys pressed at the end. */
async function look(visitor: Visitor, path: string): Promise<Figures> {
  const page = await visitor.context.newPage();
  const session = await visitor.context.newCDPSession(page);
  await session.send('Network.clearBrowserCache');
  await session.send('Network.emulateNetworkConditions', line);
  await session.send('Emulation.setCPUThrottlingRate', { rate: cpu });
  await page.addInitScript(watch);
  await page.goto(path);
  await page.locator('h1').first().waitFor();
  await page.waitForTimeout(settleMs);
  for (const key of ['Tab', 'Tab', 'Control+k', 'a', 'Escape']) {
    await page.keyboard.press(key);
    await page.waitForTimeout(settleMs / 7);
  }
  const figures = await page.evaluate(() => (globalThis as Watched).figures);
  await page.close();
  return figures;
}

async function measure(town: Town, visitor: Visitor): Promise<Map<string, Figures>> {
  const found = new Map<string, Figures>();
  for (const [name, path] of Object.entries(pathsOf(town))) {
    if (only.length > 0 && !only.includes(name)) continue;
    const seen: Figures[] = [];
    for (let round = 0; round < rounds; round += 1) seen.push(await look(visitor, path));
    found.set(name, {
      paintMs: median(seen.map(({ paintMs }) => paintMs)),
      shift: Math.max(...seen.map(({ shift }) => shift)),
      interactionMs: median(seen.map(({ interactionMs }) => interactionMs)),
    });
  }
  return found;
}

const town = await openTown();
const hole = createServer(() => undefined);
let isWithin = true;
try {
  const visitor = await visit({ url: town.house.url, width: 1440 });
  await signIn(visitor, town.administrator);
  await look(visitor, '/');
  const before = await measure(town, visitor);
  await new Promise<void>((resolve) => hole.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(hole.address() as AddressInfo).port}/v1`;
  const { token } = town.administrator;
  const add = (body: Record<string, unknown>) =>
    town.house.request('POST', '/api/ai-connections', { token, body: { scope: 'organization', defaultModel: 'gpt-4o', ...body } });
  for (let number = 1; number <= 3; number += 1) await add({ name: `Black hole ${number}`, provider: 'custom', baseUrl });
  for (let number = 1; number <= 3; number += 1)
    await add({ name: `Well ${number}`, apiKey: 'sk-test-abcdefghx7Qa', baseUrl: town.provider.baseUrl });
  const after = await measure(town, visitor);
  console.log(`cold, ${cpu}x slower CPU, 10 Mbit/s + 40 ms, median of ${rounds}`);
  console.log('page                 paint ms  interaction ms    shift  with black holes: paint ms');
  for (const [name, figures] of before) {
    const held = after.get(name) ?? figures;
    const isGood =
      figures.paintMs <= budgets.paintMs &&
      figures.interactionMs <= budgets.interactionMs &&
      figures.shift <= budgets.shift &&
      held.paintMs - figures.paintMs <= budgets.delayMs;
    isWithin &&= isGood;
    const cells = [
      figures.paintMs.toFixed(0).padStart(9),
      figures.interactionMs.toFixed(0).padStart(15),
      figures.shift.toFixed(4).padStart(8),
      held.paintMs.toFixed(0).padStart(12),
    ];
    console.log(`${isGood ? 'ok  ' : 'OVER'} ${name.padEnd(16)}${cells.join(' ')}`);
  }
  await visitor.context.close();
} finally {
  await closeBrowser();
  hole.close();
  await town.close();
}
process.exit(isWithin ? 0 : 1);
