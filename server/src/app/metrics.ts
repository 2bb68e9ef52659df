/** The figures that Prometheus reads. Labels are few and never name people, keys or models. */
import { AggregatorRegistry, collectDefaultMetrics, Gauge, type Registry } from 'prom-client';
import type { OtherWorkers } from './worker.ts';

export interface MeasuredHouse {
  requestsInFlight(): number;
  ledgerLagRecords(): number;
  journalUnfedBytes(): number;
  openSockets(): number;
  configRevision(): number;
  isDatabaseHealthy(): boolean;
  /** Only where there is a Valkey to be asked. */
  isValkeyUp?(): boolean;
  /** Connections by how close they are to their providers' own limits. */
  headroomLevels?(): Record<string, number>;
}

/** How the figures of several workers become one: a figure that is not the same thing counted in parts says the least of them. */
type Joined = 'sum' | 'min';

/** `registry` already holds what is counted elsewhere. Whichever of several workers is asked tells the figures of all. */
export function createMetrics(house: MeasuredHouse, registry: Registry, others?: OtherWorkers): { text(): Promise<string> } {
  collectDefaultMetrics({ register: registry });
  const gauges: [name: string, help: string, read: () => number, joined?: Joined][] = [
    ['patchbay_requests_in_flight', 'Completions under way on this instance.', () => house.requestsInFlight()],
    ['patchbay_ledger_lag_records', 'Journal records that are not in the database yet.', () => house.ledgerLagRecords()],
    ['patchbay_journal_unfed_bytes', 'Bytes of the journal that are not in the database yet.', () => house.journalUnfedBytes()],
    ['patchbay_upstream_sockets', 'Open connections to providers.', () => house.openSockets()],
    ['patchbay_config_revision', 'Revision of the configuration that this instance serves.', () => house.configRevision(), 'min'],
    ['patchbay_database_up', 'Whether the database answers (1) or not (0).', () => Number(house.isDatabaseHealthy()), 'min'],
  ];
  if (house.isValkeyUp)
    gauges.push(['patchbay_valkey_up', 'Whether Valkey answers (1) or not (0).', () => Number(house.isValkeyUp!()), 'min']);
  for (const [name, help, read, aggregator = 'sum'] of gauges) {
    registry.registerMetric(
      new Gauge({
        name,
        help,
        aggregator,
        registers: [],
        collect() {
          this.set(read());
        },
      }),
    );
  }
  registry.registerMetric(
    new Gauge({
      name: 'patchbay_provider_headroom_connections',
      help: "Connections by how close they are to their provider's rate limits, of those whose provider said so lately.",
      labelNames: ['level'],
      // Each worker sees the same connections, and knows of those that it has called.
      aggregator: 'max',
      registers: [],
      collect() {
        for (const [level, count] of Object.entries(house.headroomLevels?.() ?? {})) this.set({ level }, count);
      },
    }),
  );
  if (!others) return { text: () => registry.metrics() };
  others.onAsked('figures', () => registry.getMetricsAsJSON());
  return {
    async text() {
      const [own, theirs] = await Promise.all([registry.getMetricsAsJSON(), others.ask('figures', null)]);
      return AggregatorRegistry.aggregate([own, ...theirs]).metrics();
    },
  };
}
