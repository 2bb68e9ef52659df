/** Times as Prometheus reads them: line for line what the client's own histogram would say of the same times. */
import { Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { Times, TimesByProvider } from '../../src/app/time-figures.ts';
import { seeded } from '../storage/ledger-records.ts';

const boundsS = [0.05, 0.1, 0.25, 1, 8];
const [name, help] = ['patchbay_test_seconds', 'How long.'];

/** The same times told to ours and to the client's. */
function both(): { tell: (provider: string, ms: number) => void; texts: () => Promise<string[]> } {
  const kept = new Map<string, Times>();
  const ours = new TimesByProvider(name, help, () => kept);
  const theirs = new Histogram({ name, help, labelNames: ['provider'], buckets: [...boundsS], registers: [] });
  const registries = [ours, theirs].map((metric) => {
    const registry = new Registry();
    registry.registerMetric(metric);
    return registry;
  });
  return {
    tell(provider, ms) {
      const times = kept.get(provider) ?? new Times(boundsS);
      kept.set(provider, times);
      times.add(ms);
      theirs.observe({ provider }, ms / 1000);
    },
    texts: () => Promise.all(registries.map((registry) => registry.metrics())),
  };
}

test('whatever the times, ours and the client’s own histogram say the same, to the last digit of the sum', async () => {
  const { tell, texts } = both();
  const below = seeded(11);
  for (let count = 0; count < 3_000; count++) tell(['openai', 'a "quoted" one', 'groq'][below(3)]!, below(2) ? below(400) : below(12_000));
  const [ours, theirs] = await texts();
  expect(ours).toBe(theirs);
});

test('a time on a bound belongs below it, one beyond all bounds to none but the whole', async () => {
  const { tell, texts } = both();
  for (const ms of [0, 50, 51, 8_000, 8_001]) tell('openai', ms);
  const [ours, theirs] = await texts();
  expect(ours).toBe(theirs);
  expect(ours).toContain(`${name}_bucket{le="0.05",provider="openai"} 2\n`);
  expect(ours).toContain(`${name}_bucket{le="8",provider="openai"} 4\n`);
  expect(ours).toContain(`${name}_bucket{le="+Inf",provider="openai"} 5\n`);
  expect(ours).toContain(`${name}_sum{provider="openai"} 16.102\n`);
});

test('where no time was heard nothing is said, of one provider or of all', async () => {
  const { tell, texts } = both();
  expect(await texts()).toEqual(Array(2).fill(`# HELP ${name} ${help}\n# TYPE ${name} histogram\n`));
  tell('openai', 1);
  const kept = new Map([
    ['openai', new Times(boundsS)],
    ['groq', new Times(boundsS)],
  ]);
  kept.get('groq')!.add(1);
  const registry = new Registry();
  registry.registerMetric(new TimesByProvider(name, help, () => kept));
  const [text] = await texts();
  expect(await registry.metrics()).toBe(text!.replaceAll('openai', 'groq'));
});
