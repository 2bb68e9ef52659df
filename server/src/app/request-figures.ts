/** Counts and times of what goes into the books, for Prometheus. The one label that varies is the provider, of which there are a few dozen. */
import { Counter, type Registry } from 'prom-client';
import type { LedgerRecord, Settlement } from '../domain/ledger.ts';
import { Times, TimesByProvider } from './time-figures.ts';

const nanoPerUsd = 1e9;
const durationBoundsS = [0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128];
const firstByteBoundsS = [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8];

export interface RequestFigures {
  /** Hears every record of the books as it is written. Never throws. */
  see(record: LedgerRecord): void;
}

const outcomes = ['ok', 'failed', 'partial'] as const;
type Outcome = (typeof outcomes)[number];

/** What was heard of a provider: plain numbers, because they are added to for every attempt. */
class Heard {
  /** From the beginning. */
  readonly durations = new Times(durationBoundsS);
  readonly firstBytes = new Times(firstByteBoundsS);
  /** Since the figures were last handed over. */
  since = new HeardSince();
}

class HeardSince {
  attempts: Record<Outcome, number> = { ok: 0, failed: 0, partial: 0 };
  tokensIn = 0;
  tokensOut = 0;
  /** Null where no price was known of any. */
  costNanoUsd: number | null = null;
}

const outcomeOf = ({ state, reason }: Settlement): Outcome => (state === 'partial' ? 'partial' : reason === null ? 'ok' : 'failed');

export function countRequests(registry: Registry): RequestFigures {
  const heard = new Map<string, Heard>();
  const ended: Record<Outcome | 'cached' | 'refused', number> = { ok: 0, failed: 0, partial: 0, cached: 0, refused: 0 };
  register(registry, heard, ended);

  const heardOf = (provider: string): Heard => {
    let figures = heard.get(provider);
    if (!figures) heard.set(provider, (figures = new Heard()));
    return figures;
  };

  const settle = (settlement: Settlement): void => {
    if (settlement.provider === undefined) return;
    const { durations, firstBytes, since } = heardOf(settlement.provider);
    const outcome = outcomeOf(settlement);
    const { usage, costNanoUsd, latencyMs, firstByteMs } = settlement;
    since.attempts[outcome]++;
    if (settlement.isLast) ended[outcome]++;
    since.tokensIn += usage.tokensIn;
    since.tokensOut += usage.tokensOut;
    if (costNanoUsd !== null) since.costNanoUsd = (since.costNanoUsd ?? 0) + costNanoUsd;
    durations.add(latencyMs);
    if (firstByteMs !== null) firstBytes.add(firstByteMs);
  };

  return {
    see(record) {
      if (record.kind === 'settle') settle(record);
      else if (record.kind !== 'intent') ended[record.kind === 'hit' ? 'cached' : 'refused']++;
    },
  };
}

/** Registers the figures. What was heard is added to the counters whenever they are read. */
function register(registry: Registry, heard: ReadonlyMap<string, Heard>, ended: Record<string, number>): void {
  const collect = (): void => hand();
  const counter = (name: string, help: string, labelNames: readonly string[]): Counter =>
    new Counter({ name, help, labelNames: [...labelNames], registers: [registry], collect });
  const timer = (name: string, help: string, timesOf: (of: Heard) => Times): void =>
    registry.registerMetric(new TimesByProvider(name, help, () => Array.from(heard, ([provider, of]) => [provider, timesOf(of)])));
  const requests = counter(
    'patchbay_requests_total',
    'Requests by what came of them: ok, failed, partial, refused before a provider was asked, cached.',
    ['outcome'],
  );
  const attempts = counter('patchbay_attempts_total', 'Calls to providers by what came of them.', ['provider', 'outcome']);
  const tokens = counter('patchbay_tokens_total', 'Tokens of the books.', ['provider', 'direction']);
  const cost = counter('patchbay_cost_usd_total', 'Cost of the books in dollars, as far as prices are known.', ['provider']);
  timer('patchbay_attempt_duration_seconds', 'From the call to the end of the answer.', (of) => of.durations);
  timer('patchbay_first_byte_seconds', 'From the call to the first piece of the answer.', (of) => of.firstBytes);

  const handOf = (provider: string, of: HeardSince): void => {
    for (const outcome of outcomes) if (of.attempts[outcome] > 0) attempts.labels(provider, outcome).inc(of.attempts[outcome]);
    tokens.labels(provider, 'in').inc(of.tokensIn);
    tokens.labels(provider, 'out').inc(of.tokensOut);
    if (of.costNanoUsd !== null) cost.labels(provider).inc(of.costNanoUsd / nanoPerUsd);
  };
  const hand = (): void => {
    for (const [provider, of] of heard) {
      handOf(provider, of.since);
      of.since = new HeardSince();
    }
    for (const [outcome, count] of Object.entries(ended)) {
      if (count > 0) requests.labels(outcome).inc(count);
      ended[outcome] = 0;
    }
  };
}
