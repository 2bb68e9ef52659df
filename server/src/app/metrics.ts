/** The figures that Prometheus reads. Labels are few and never name people, keys or models. */
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client';

export interface MeasuredHouse {
  requestsInFlight(): number;
  ledgerLagRecords(): number;
  journalUnfedBytes(): number;
  openSockets(): number;
  configRevision(): number;
  isDatabaseHealthy(): boolean;
  /** Connections by how close they are to their providers' own limits. */
  headroomLevels?(): Record<string, number>;
}

/** `registry` already holds what is counted elsewhere. */
export function createMetrics(house: MeasuredHouse, registry: Registry): { text(): Promise<string> } {
  collectDefaultMetrics({ register: registry });
  const gauges: [name: string, help: string, read: () => number][] = [
    ['patchbay_requests_in_flight', 'Completions under way on this instance.', () => house.requestsInFlight()],
    ['patchbay_ledger_lag_records', 'Journal records that are not in the database yet.', () => house.ledgerLagRecords()],
    ['patchbay_journal_unfed_bytes', 'Bytes of the journal that are not in the database yet.', () => house.journalUnfedBytes()],
    ['patchbay_upstream_sockets', 'Open connections to providers.', () => house.openSockets()],
    ['patchbay_config_revision', 'Revision of the configuration that this instance serves.', () => house.configRevision()],
    ['patchbay_database_up', 'Whether the database answers (1) or not (0).', () => Number(house.isDatabaseHealthy())],
  ];
  for (const [name, help, read] of gauges) {
    registry.registerMetric(
      new Gauge({
        name,
        help,
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
      registers: [],
      collect() {
        for (const [level, count] of Object.entries(house.headroomLevels?.() ?? {})) this.set({ level }, count);
      },
    }),
  );
  return { text: () => registry.metrics() };
}
