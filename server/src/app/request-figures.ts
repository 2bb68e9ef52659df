/** Counts and times of what goes into the books, for Prometheus. The one label that varies is the provider, of which there are a few dozen. */
import { Counter, Histogram, type Registry } from 'prom-client';
import type { LedgerRecord, Settlement } from '../domain/ledger.ts';

const nanoPerUsd = 1e9;
const durationBoundsS = [0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128];
const firstByteBoundsS = [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8];

export interface RequestFigures {
  /** Hears every record of the books as it is written. Never throws. */
  see(record: LedgerRecord): void;
}

const outcomes = ['ok', 'failed', 'partial'] as const;
type Outcome = (typeof outcomes)[number];

/** What was heard of a provider since the figures were last handed over: plain numbers, because they are added to for every attempt. */
class Heard {
  attempts: Record<Outcome, number> = { ok: 0, failed: 0, partial: 0 };
  tokensIn = 0;
  tokensOut = 0;
  /** Null where no price was known of any. */
  costNanoUsd: number | null = null;
  latenciesMs: number[] = [];
  firstBytesMs: number[] = [];
}

/** So many times of a provider wait at most; with the last of them everything is handed over, whether somebody asks or not. */
const timesMax = 1_024;

const outcomeOf = ({ state, reason }: Settlement): Outcome => (state === 'partial' ? 'partial' : reason === null ? 'ok' : 'failed');

export function countRequests(registry: Registry): RequestFigures {
  const heard = new Map<string, Heard>();
  const ended: Record<Outcome | 'cached' | 'refused', number> = { ok: 0, failed: 0, partial: 0, cached: 0, refused: 0 };
  const hand = handOver(registry, heard, ended);

  const heardOf = (provider: string): Heard => {
    let figures = heard.get(provider);
    if (!figures) heard.set(provider, (figures = new Heard()));
    return figures;
  };

  const settle = (settlement: Settlement): void => {
    if (settlement.provider === undefined) return;
    const figures = heardOf(settlement.provider);
    const outcome = outcomeOf(settlement);
    const { usage, costNanoUsd, latencyMs, firstByteMs } = settlement;
    figures.attempts[outcome]++;
    if (settlement.isLast) ended[outcome]++;
    figures.tokensIn += usage.tokensIn;
    figures.tokensOut += usage.tokensOut;
    if (costNanoUsd !== null) figures.costNanoUsd = (figures.costNanoUsd ?? 0) + costNanoUsd;
    figures.latenciesMs.push(latencyMs);
    if (firstByteMs !== null) figures.firstBytesMs.push(firstByteMs);
    if (figures.latenciesMs.length >= timesMax) hand();
  };

  return {
    see(record) {
      if (record.kind === 'settle') settle(record);
      else if (record.kind !== 'intent') ended[record.kind === 'hit' ? 'cached' : 'refused']++;
    },
  };
}

/** Registers the figures, and adds what was heard to them: whenever they are read, and when the returned function is called. */
function handOver(registry: Registry, heard: ReadonlyMap<string, Heard>, ended: Record<string, number>): () => void {
  const registers = [registry];
  const collect = (): void => hand();
  const counter = (name: string, help: string, labelNames: readonly string[]): Counter =>
    new Counter({ name, help, labelNames: [...labelNames], registers, collect });
  const timer = (name: string, help: string, buckets: number[]): Histogram =>
    new Histogram({ name, help, labelNames: ['provider'], buckets, registers, collect });
  const requests = counter(
    'patchbay_requests_total',
    'Requests by what came of them: ok, failed, partial, refused before a provider was asked, cached.',
    ['outcome'],
  );
  const attempts = counter('patchbay_attempts_total', 'Calls to providers by what came of them.', ['provider', 'outcome']);
  const tokens = counter('patchbay_tokens_total', 'Tokens of the books.', ['provider', 'direction']);
  const cost = counter('patchbay_cost_usd_total', 'Cost of the books in dollars, as far as prices are known.', ['provider']);
  const duration = timer('patchbay_attempt_duration_seconds', 'From the call to the end of the answer.', durationBoundsS);
  const firstByte = timer('patchbay_first_byte_seconds', 'From the call to the first piece of the answer.', firstByteBoundsS);

  const handOf = (provider: string, of: Heard): void => {
    // Every attempt that ended left its time.
    if (of.latenciesMs.length === 0) return;
    for (const outcome of outcomes) if (of.attempts[outcome] > 0) attempts.labels(provider, outcome).inc(of.attempts[outcome]);
    tokens.labels(provider, 'in').inc(of.tokensIn);
    tokens.labels(provider, 'out').inc(of.tokensOut);
    if (of.costNanoUsd !== null) cost.labels(provider).inc(of.costNanoUsd / nanoPerUsd);
    const durationS = duration.labels(provider);
    for (const ms of of.latenciesMs) durationS.observe(ms / 1000);
    const firstByteS = firstByte.labels(provider);
    for (const ms of of.firstBytesMs) firstByteS.observe(ms / 1000);
    Object.assign(of, new Heard());
  };
  const hand = (): void => {
    for (const [provider, of] of heard) handOf(provider, of);
    for (const [outcome, count] of Object.entries(ended)) {
      if (count > 0) requests.labels(outcome).inc(count);
      ended[outcome] = 0;
    }
  };
  return hand;
}
