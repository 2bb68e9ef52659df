/** Times by provider for Prometheus, kept as plain numbers: one is added for every attempt. */
import { Histogram } from 'prom-client';

/** How many times fell into each bucket, and what they come to. */
export class Times {
  readonly boundsS: readonly number[];
  readonly counts: number[];
  /** Those beyond the last bound too. */
  count = 0;
  sumS = 0;

  constructor(boundsS: readonly number[]) {
    this.boundsS = boundsS;
    this.counts = boundsS.map(() => 0);
  }

  add(ms: number): void {
    const timeS = ms / 1000;
    this.count++;
    this.sumS += timeS;
    const bucket = this.boundsS.findIndex((boundS) => timeS <= boundS);
    if (bucket >= 0) this.counts[bucket]!++;
  }
}

interface Sample {
  metricName: string;
  labels: { le?: number | '+Inf' };
  sharedLabels: { provider: string };
  value: number;
}

/**
 * A histogram whose figures are kept elsewhere and read when somebody asks: the client's own `observe` checks the labels of each time
 * and looks them up anew, which costs ten times as much as all that is counted of an attempt here.
 */
export class TimesByProvider extends Histogram<'provider'> {
  readonly #name: string;
  readonly #help: string;
  readonly #read: () => Iterable<readonly [provider: string, times: Times]>;

  /** Registers itself nowhere. */
  constructor(name: string, help: string, read: () => Iterable<readonly [provider: string, times: Times]>) {
    super({ name, help, labelNames: ['provider'], registers: [] });
    this.#name = name;
    this.#help = help;
    this.#read = read;
  }

  /** What the registry makes its text of. */
  async getForPromString() {
    const values: Sample[] = [];
    for (const [provider, times] of this.#read()) if (times.count > 0) values.push(...this.#samplesOf({ provider }, times));
    return { name: this.#name, help: this.#help, type: 'histogram', values, aggregator: 'sum' };
  }

  /** Each bucket counts those below it as well. */
  #samplesOf(sharedLabels: { provider: string }, { boundsS, counts, count, sumS }: Times): Sample[] {
    const sample = (suffix: string, value: number, labels: Sample['labels'] = {}): Sample => ({
      metricName: `${this.#name}_${suffix}`,
      labels,
      sharedLabels,
      value,
    });
    let below = 0;
    const buckets = boundsS.map((le, bucket) => sample('bucket', (below += counts[bucket]!), { le }));
    return [...buckets, sample('bucket', count, { le: '+Inf' }), sample('sum', sumS), sample('count', count)];
  }
}
