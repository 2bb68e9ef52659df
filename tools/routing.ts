/** `node tools/routing.ts [--scenarios 10000] [--configurations 1000] [--seed 1] [--only <scenario>]`: the laws of routing in virtual time, its figures, and explain against real calls. */
import { assumedFaults } from '@patchbay/contract/routing-limits';
import { parseArgs } from 'node:util';
import { groupDefaults } from '../server/src/domain/routing-group.ts';
import { simulate } from '../server/src/domain/simulate.ts';
import { seededDraw } from '../server/src/domain/simulate-world.ts';
import { systemClock } from '../server/src/lib/clock.ts';
import { agreement } from '../server/test/gateway/routing-agreement.ts';
import { faultsOf, healthy, plain, scenarioOf } from '../server/test/domain/routing-laws.ts';
import { wholeNumber } from './whole-number.ts';

const scenariosMax = 10_000_000;
const configurationsMax = 1_000_000;
const shownMax = 20;

const { values } = parseArgs({
  options: {
    scenarios: { type: 'string', default: '10000' },
    configurations: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
});
const scenarios = wholeNumber('scenarios', values.scenarios, scenariosMax, 0);
const configurations = wholeNumber('configurations', values.configurations, configurationsMax, 0);
const seed = wholeNumber('seed', values.seed, 2 ** 31, 0);
const percent = (share: number): string => `${(share * 100).toFixed(3)} %`;
let isGood = true;
const law = (name: string, said: string, holds: boolean): void => {
  isGood &&= holds;
  console.log(`${holds ? 'holds ' : 'BROKEN'}  ${name}: ${said}`);
};

if (values.only !== undefined) {
  const only = wholeNumber('only', values.only, 2 ** 31, 0);
  console.log(JSON.stringify(scenarioOf(only), null, 2));
  for (const fault of faultsOf(scenarioOf(only), only).faults) console.log(fault);
  process.exit(0);
}

const startedMs = systemClock.monotonicMs();
const broken: string[] = [];
const sum = { requests: 0, attempts: 0, hedges: 0, answered: 0 };
for (let at = seed; at < seed + scenarios; at++) {
  const { faults, report } = faultsOf(scenarioOf(at), at);
  for (const fault of faults) broken.push(`scenario ${at}: ${fault}`);
  sum.requests += report.requests;
  sum.attempts += report.attempts;
  sum.hedges += report.hedges;
  sum.answered += report.answeredCount;
}
for (const fault of broken.slice(0, shownMax)) console.log(fault);
law(
  'scenarios',
  `${scenarios} from seed ${seed}, ${sum.requests} requests, ${sum.attempts} attempts, ${sum.hedges} hedges, ${percent(sum.answered / sum.requests)} answered, ${broken.length} faults, ${((systemClock.monotonicMs() - startedMs) / 1_000).toFixed(1)} s`,
  broken.length === 0,
);

for (const fault of assumedFaults.filter((one) => one !== 'bad_request')) {
  const { success, amplification } = simulate({ ...plain, targets: [{ ...healthy, faultShare: 0.3, fault }, healthy] }, seededDraw(seed));
  law(
    `30 % ${fault}, one healthy fallback`,
    `${percent(success)} answered, ${amplification.toFixed(3)} attempts a request`,
    success >= 0.9995,
  );
}
for (const fault of assumedFaults) {
  const { amplification } = simulate({ ...plain, targets: [{ ...healthy, faultShare: 1, fault }] }, seededDraw(seed));
  law(`total outage by ${fault}, no fallback`, `${amplification.toFixed(3)} attempts a request`, amplification <= 1.2);
}

const bimodal = { ...healthy, slowShare: 0.03, slowMs: 6_000 };
const targets = [bimodal, { ...bimodal, name: 'second' }];
const without = simulate({ ...plain, targets }, seededDraw(seed));
const hedged = simulate({ ...plain, targets, options: { ...groupDefaults, hedgeMaxNanoUsd: 1_000_000_000 } }, seededDraw(seed));
const [before, behind] = [without.firstByte().p99!, hedged.firstByte().p99!];
law(
  'hedging on a bimodal provider',
  `p99 to the first content ${Math.round(before)} ms without, ${Math.round(behind)} ms with, ${percent(hedged.hedges / hedged.requests)} more requests`,
  behind <= before / 2 && hedged.attempts <= without.attempts * 1.05,
);

if (configurations > 0) {
  const { faults, refused, choices } = await agreement(configurations, seed);
  for (const fault of faults.slice(0, shownMax)) console.log(fault);
  law(
    'explain and the real call',
    `${configurations} configurations, ${faults.length} differences, ${refused} refused by both, ${choices.size} connections chosen`,
    faults.length === 0,
  );
}
process.exit(isGood ? 0 : 1);
