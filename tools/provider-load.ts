/** `node tools/provider-load.ts [--requests 2000] [--concurrency 32] [--only openai,bedrock]`: a load test of each provider's integration. */
import { parseArgs } from 'node:util';
import { integrations, loadOf, startVendors, type Outcome } from './provider-load/run.ts';
import { wholeNumber } from './whole-number.ts';

const requestsMax = 1_000_000;
const concurrencyMax = 1_000;

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '2000' },
    concurrency: { type: 'string', default: '32' },
    only: { type: 'string', default: '' },
  },
});
const load = {
  requests: wholeNumber('requests', values.requests, requestsMax),
  concurrency: wholeNumber('concurrency', values.concurrency, concurrencyMax),
};
const only = values.only.split(',').filter((name) => name !== '');
const chosen = integrations.filter(({ name }) => only.length === 0 || only.includes(name));
if (chosen.length === 0 || chosen.length < only.length) {
  console.error(`--only takes names out of ${integrations.map(({ name }) => name).join(', ')}`);
  process.exit(64);
}

const row = (...cells: readonly string[]): void =>
  console.log(cells.map((cell, at) => (at < 2 ? cell.padEnd(10) : cell.padStart(10))).join(' '));
const show = (of: Outcome): void =>
  row(
    of.name,
    of.kind,
    String(of.requests),
    String(of.errors),
    of.p50Ms.toFixed(2),
    of.p99Ms.toFixed(2),
    of.cpuUsPerRequest.toFixed(0),
    of.perSecond.toFixed(0),
  );

const vendors = await startVendors();
let errors = 0;
try {
  row('provider', 'answer', 'requests', 'errors', 'p50 ms', 'p99 ms', 'CPU us/req', 'req/s');
  for (const one of chosen)
    for (const kind of ['whole', 'stream'] as const) {
      const outcome = await loadOf(one, vendors.origin, kind, load);
      show(outcome);
      if (outcome.firstError !== null) console.log(`  first error: ${outcome.firstError}`);
      errors += outcome.errors;
    }
} finally {
  await vendors.close();
}
process.exitCode = errors === 0 ? 0 : 1;
