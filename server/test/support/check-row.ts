/** One check of a connection's health, as the database keeps it. */
import type { HealthCheckRow } from '../../src/storage/health-history.ts';

/** A check that went well, apart from what is said otherwise. */
export const checkRow = (part: Partial<HealthCheckRow> & Pick<HealthCheckRow, 'id' | 'atMs' | 'connectionId'>): HealthCheckRow => ({
  model: '',
  kind: 'models',
  outcome: 'ok',
  isSlow: false,
  fault: null,
  status: null,
  latencyMs: 120,
  costNanoUsd: 0,
  requestId: null,
  ...part,
});
