/** What stands in the form of the simulator, and what the server is told of it. */
import { isBlank } from '@patchbay/contract/blank';
import type { RoutingGroupView, RoutingStrategy } from '@patchbay/contract/routing';
import { assumedFaults, requestsPerSMax, simulatedRequestsMax, weightMax } from '@patchbay/contract/routing-limits';
import type { AssumedFault, RoutingSimulation } from '@patchbay/contract/routing-simulation';
import { readNumber } from './group-values.ts';

export const faultNames: readonly AssumedFault[] = assumedFaults;

/** Fields of one assumed target that are numbers, in the order of the form, and what each may be at the most. */
export const targetNumbers = {
  weight: weightMax,
  firstByteMs: 600_000,
  slowPercent: 100,
  slowMs: 600_000,
  faultPercent: 100,
  downFromS: 86_400,
  downToS: 86_400,
  inputUsd: 10_000,
  outputUsd: 10_000,
} as const;
export type TargetNumber = keyof typeof targetNumbers;

export type TargetAssumption = { key: number; name: string; fault: AssumedFault } & Record<TargetNumber, string>;

/** The numbers of the whole, and what each may be at the most. */
export const wholeNumbers = {
  requests: simulatedRequestsMax,
  requestsPerS: requestsPerSMax,
  tokensIn: 1_000_000,
  tokensOut: 1_000_000,
  sessions: simulatedRequestsMax,
  hedgeMaxUsd: 1_000,
  seed: 2_147_483_647,
} as const;
export type WholeNumber = keyof typeof wholeNumbers;

export type SimulatorValues = { strategy: RoutingStrategy; isHedged: boolean; targets: TargetAssumption[] } & Record<WholeNumber, string>;

export const newAssumption = (key: number, name: string, weight = '1'): TargetAssumption => ({
  key,
  name,
  fault: 'server_error',
  weight,
  firstByteMs: '400',
  slowPercent: '0',
  slowMs: '6000',
  faultPercent: '0',
  downFromS: '0',
  downToS: '0',
  inputUsd: '1',
  outputUsd: '4',
});

const plain = (targets: TargetAssumption[]): SimulatorValues => ({
  strategy: 'ordered',
  isHedged: false,
  targets,
  requests: '10000',
  requestsPerS: '50',
  tokensIn: '1000',
  tokensOut: '200',
  sessions: '100',
  hedgeMaxUsd: '0.05',
  seed: '1',
});

/** Three in ten of the first fail, and another one is healthy: the case that people ask about first. */
export const newSimulation = (names: readonly [string, string]): SimulatorValues =>
  plain([{ ...newAssumption(0, names[0]), faultPercent: '30' }, newAssumption(1, names[1])]);

/** The targets of a group that would be asked, all of them healthy until something else is assumed. */
export function simulationOf(group: RoutingGroupView, nameless: string): SimulatorValues {
  const asked = group.targets.filter(({ isEnabled }) => isEnabled);
  const targets = asked.map(({ connectionName, effectiveModel, weight }, key) =>
    newAssumption(
      key,
      [connectionName ?? nameless, effectiveModel]
        .filter((part) => part !== null)
        .join(' · ')
        .slice(0, 255),
      String(weight),
    ),
  );
  const isHedged = group.options.hedgeMaxUsd !== null;
  const values = plain(targets.length === 0 ? [newAssumption(0, nameless)] : targets);
  return { ...values, strategy: group.strategy, isHedged, ...(isHedged && { hedgeMaxUsd: group.options.hedgeMaxUsd! }) };
}

const leastOf: Partial<Record<TargetNumber | WholeNumber, number>> = {
  firstByteMs: 1,
  slowMs: 1,
  requests: 1,
  requestsPerS: 0.01,
  tokensIn: 1,
  tokensOut: 1,
};
const wholes: ReadonlySet<string> = new Set(['weight', 'requests', 'tokensIn', 'tokensOut', 'sessions', 'seed']);

function isFit(name: TargetNumber | WholeNumber, text: string, most: number): boolean {
  const number = readNumber(text);
  return number >= (leastOf[name] ?? 0) && number <= most && (!wholes.has(name) || Number.isInteger(number));
}

/** Paths of fields that are no number within their bounds. */
export function faultsOf(values: SimulatorValues): Set<string> {
  const faults = new Set<string>();
  for (const [name, most] of Object.entries(wholeNumbers) as [WholeNumber, number][])
    if ((name !== 'hedgeMaxUsd' || values.isHedged) && !isFit(name, values[name], most)) faults.add(name);
  for (const [at, target] of values.targets.entries()) {
    if (isBlank(target.name)) faults.add(`targets.${at}.name`);
    for (const [name, most] of Object.entries(targetNumbers) as [TargetNumber, number][])
      if (!isFit(name, target[name], most)) faults.add(`targets.${at}.${name}`);
  }
  return faults;
}

export const simulationInput = (values: SimulatorValues, group: RoutingGroupView | null): RoutingSimulation => ({
  strategy: values.strategy,
  requests: readNumber(values.requests),
  requestsPerS: readNumber(values.requestsPerS),
  tokensIn: readNumber(values.tokensIn),
  tokensOut: readNumber(values.tokensOut),
  sessions: readNumber(values.sessions),
  seed: readNumber(values.seed),
  hedgeMaxUsd: values.isHedged ? readNumber(values.hedgeMaxUsd) : null,
  ...(group && {
    priceWeight: group.options.priceWeight,
    latencyWeight: group.options.latencyWeight,
    exploration: group.options.exploration,
  }),
  targets: values.targets.map((target) => {
    const [fromS, toS] = [readNumber(target.downFromS), readNumber(target.downToS)];
    return {
      name: target.name.trim(),
      weight: readNumber(target.weight),
      firstByteMs: readNumber(target.firstByteMs),
      slowShare: readNumber(target.slowPercent) / 100,
      slowMs: readNumber(target.slowMs),
      faultShare: readNumber(target.faultPercent) / 100,
      fault: target.fault,
      outages: toS > fromS ? [{ fromS, toS }] : [],
      inputUsd: readNumber(target.inputUsd),
      outputUsd: readNumber(target.outputUsd),
    };
  }),
});
