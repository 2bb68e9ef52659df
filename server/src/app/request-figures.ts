/** Counts and times of what goes into the books, for Prometheus. The one label that varies is the provider, of which there are a few dozen. */
import { Counter, Histogram, type Registry } from 'prom-client';
import type { LedgerRecord, Settlement } from '../domain/ledger.ts';

/** Attempts under way that are remembered. More are served, and not counted. */
const openMax = 100_000;
const nanoPerUsd = 1e9;
const durationBoundsS = [0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128];
const firstByteBoundsS = [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8];

export interface RequestFigures {
  /** Hears every record of the books as it is written. Never throws. */
  see(record: LedgerRecord): void;
}

type Outcome = 'ok' | 'failed' | 'partial';

interface OfProvider {
  attempts: Record<Outcome, Counter.Internal>;
  tokensIn: Counter.Internal;
  tokensOut: Counter.Internal;
  costUsd: Counter.Internal;
  durationS: Histogram.Internal<string>;
  firstByteS: Histogram.Internal<string>;
}

const outcomeOf = ({ state, reason }: Settlement): Outcome => (state === 'partial' ? 'partial' : reason === null ? 'ok' : 'failed');

export function countRequests(registry: Registry): RequestFigures {
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: readonly string[]): Counter =>
    new Counter({ name, help, labelNames: [...labelNames], registers });
  const timer = (name: string, help: string, buckets: number[]): Histogram =>
    new Histogram({ name, help, labelNames: ['provider'], buckets, registers });
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
  const known = new Map<string, OfProvider>();
  const open = new Map<string, string>();

  const figuresOf = (provider: string): OfProvider => {
    let figures = known.get(provider);
    if (!figures) {
      const attemptsOf = (outcome: Outcome): Counter.Internal => attempts.labels(provider, outcome);
      figures = {
        attempts: { ok: attemptsOf('ok'), failed: attemptsOf('failed'), partial: attemptsOf('partial') },
        tokensIn: tokens.labels(provider, 'in'),
        tokensOut: tokens.labels(provider, 'out'),
        costUsd: cost.labels(provider),
        durationS: duration.labels(provider),
        firstByteS: firstByte.labels(provider),
      };
      known.set(provider, figures);
    }
    return figures;
  };

  const settle = (settlement: Settlement): void => {
    const provider = open.get(settlement.id);
    open.delete(settlement.id);
    if (provider === undefined) return;
    const figures = figuresOf(provider);
    const outcome = outcomeOf(settlement);
    const { usage, costNanoUsd, latencyMs, firstByteMs } = settlement;
    figures.attempts[outcome].inc();
    if (settlement.isLast) requests.labels(outcome).inc();
    figures.tokensIn.inc(usage.tokensIn);
    figures.tokensOut.inc(usage.tokensOut);
    if (costNanoUsd !== null) figures.costUsd.inc(costNanoUsd / nanoPerUsd);
    figures.durationS.observe(latencyMs / 1000);
    if (firstByteMs !== null) figures.firstByteS.observe(firstByteMs / 1000);
  };

  return {
    see(record) {
      if (record.kind === 'intent') {
        if (open.size < openMax) open.set(record.id, record.provider);
      } else if (record.kind === 'settle') settle(record);
      else requests.labels(record.kind === 'hit' ? 'cached' : 'refused').inc();
    },
  };
}
