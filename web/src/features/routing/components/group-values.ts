/** What stands in the form of a routing group, and what the server is told of it. Numbers stay as they were typed until then. */
import { isBlank } from '@patchbay/contract/blank';
import type { RoutingGroupView, RoutingStrategy } from '@patchbay/contract/routing';
import { balanceMax, cacheSecondsMax, explorationMax, routingStrategies, weightMax } from '@patchbay/contract/routing-limits';
import type { Choosable, GroupInput, GroupOwner } from '../api/routing.ts';

export interface TargetValues {
  /** Tells rows apart while they are moved. */
  key: number;
  connectionId: string;
  model: string;
  weight: string;
  region: string;
  isEnabled: boolean;
}

export interface GroupValues {
  name: string;
  /** `user`, `organization`, or the id of a workspace. */
  owner: string;
  strategy: RoutingStrategy;
  stickyBy: 'session' | 'prefix';
  isHedged: boolean;
  hedgeMaxUsd: string;
  priceWeight: string;
  latencyWeight: string;
  /** In per cent. */
  exploration: string;
  /** Empty asks the providers every time. */
  cacheSeconds: string;
  targets: TargetValues[];
  isActive: boolean;
}

/** In the order in which the form explains them: what most people want first. */
export const strategyOrder: readonly RoutingStrategy[] = routingStrategies;

/** Those in which the weight of a target counts. */
export const isWeighed = (strategy: RoutingStrategy): boolean => ['weighted', 'least_busy', 'sticky'].includes(strategy);
/** Those that now and then try somebody else. */
export const isExploring = (strategy: RoutingStrategy): boolean => strategy === 'score' || strategy === 'fastest';

export const newTarget = (key: number): TargetValues => ({ key, connectionId: '', model: '', weight: '1', region: '', isEnabled: true });

export const newGroup = (): GroupValues => ({
  name: '',
  owner: 'user',
  strategy: 'ordered',
  stickyBy: 'session',
  isHedged: false,
  hedgeMaxUsd: '0.05',
  priceWeight: '1',
  latencyWeight: '1',
  exploration: '2',
  cacheSeconds: '',
  targets: [newTarget(0), newTarget(1)],
  isActive: true,
});

export const valuesOf = (group: RoutingGroupView): GroupValues => ({
  name: group.name,
  owner: group.scope === 'workspace' ? group.ownerId : group.scope,
  strategy: group.strategy,
  stickyBy: group.options.stickyBy,
  isHedged: group.options.hedgeMaxUsd !== null,
  hedgeMaxUsd: group.options.hedgeMaxUsd ?? '0.05',
  priceWeight: String(group.options.priceWeight),
  latencyWeight: String(group.options.latencyWeight),
  exploration: String(Math.round(group.options.exploration * 1_000) / 10),
  cacheSeconds: group.options.cacheSeconds === 0 ? '' : String(group.options.cacheSeconds),
  targets: group.targets.map(({ connectionId, model, weight, region, isEnabled }, key) => ({
    key,
    connectionId,
    model: model ?? '',
    weight: String(weight),
    region: region ?? '',
    isEnabled,
  })),
  isActive: group.isActive,
});

/** Both separators are a decimal point. NaN for what is no number. */
export const readNumber = (text: string): number => (/^\d+(?:[.,]\d+)?$/.test(text.trim()) ? Number(text.trim().replace(',', '.')) : NaN);

const isWithin = (text: string, max: number): boolean => readNumber(text) >= 0 && readNumber(text) <= max;
const isMoney = (text: string): boolean => /^\d{1,7}([.,]\d{1,9})?$/.test(text.trim());

/** Codes by field, `targets.1.weight`; what the page can see by itself. */
export function faultsOf(values: GroupValues): Record<string, string> {
  const faults: Record<string, string> = {};
  if (isBlank(values.name)) faults['name'] = 'required';
  else if (/[/*]/.test(values.name)) faults['name'] = 'format';
  if (values.isHedged && !isMoney(values.hedgeMaxUsd)) faults['options.hedgeMaxUsd'] = 'number';
  if (isExploring(values.strategy) && !isWithin(values.exploration, explorationMax * 100)) faults['options.exploration'] = 'number';
  if (!/^\d{0,6}$/.test(values.cacheSeconds.trim()) || Number(values.cacheSeconds) > cacheSecondsMax)
    faults['options.cacheSeconds'] = 'number';
  if (values.strategy === 'score') {
    if (!isWithin(values.priceWeight, balanceMax)) faults['options.priceWeight'] = 'number';
    if (!isWithin(values.latencyWeight, balanceMax)) faults['options.latencyWeight'] = 'number';
  }
  if (values.targets.length === 0) faults['targets'] = 'required';
  for (const [at, { connectionId, weight }] of values.targets.entries()) {
    if (connectionId === '') faults[`targets.${at}.connectionId`] = 'required';
    const isWhole = isWithin(weight, weightMax) && Number.isInteger(readNumber(weight));
    if (isWeighed(values.strategy) && !isWhole) faults[`targets.${at}.weight`] = 'number';
  }
  return faults;
}

/**
 * The first of those above that asks the same connection for the same model, by its place. The server takes no two of them, and what a
 * connection's own model is may have changed since they were told apart.
 */
export function twinAbove(targets: readonly TargetValues[], at: number, connections: readonly Choosable[]): number | undefined {
  const asked = ({ connectionId, model }: TargetValues): string =>
    model.trim() || (connections.find(({ id }) => id === connectionId)?.model ?? '');
  const own = targets[at];
  if (own === undefined || own.connectionId === '') return undefined;
  const first = targets.findIndex((one) => one.connectionId === own.connectionId && asked(one) === asked(own));
  return first < at ? first : undefined;
}

/** A number that is not shown may be anything: it is sent as its default then. */
const numberOf = (text: string, otherwise: number): number => (Number.isNaN(readNumber(text)) ? otherwise : readNumber(text));

export const inputOf = (values: GroupValues): GroupInput => ({
  name: values.name.trim(),
  strategy: values.strategy,
  options: {
    stickyBy: values.stickyBy,
    hedgeMaxUsd: values.isHedged ? values.hedgeMaxUsd.trim().replace(',', '.') : null,
    priceWeight: numberOf(values.priceWeight, 1),
    latencyWeight: numberOf(values.latencyWeight, 1),
    exploration: numberOf(values.exploration, 2) / 100,
    cacheSeconds: Number(values.cacheSeconds.trim()),
  },
  targets: values.targets.map(({ connectionId, model, weight, region, isEnabled }) => ({
    connectionId,
    model: model.trim() === '' ? null : model.trim(),
    weight: numberOf(weight, 1),
    region: region.trim() === '' ? null : region.trim(),
    isEnabled,
  })),
  isActive: values.isActive,
});

export const ownerOf = ({ owner }: GroupValues): GroupOwner =>
  owner === 'user' || owner === 'organization' ? { scope: owner } : { scope: 'workspace', workspaceId: owner };

/** The rows with one of them a place further up or down; at its end it stays. */
export function moved<Row>(rows: readonly Row[], at: number, by: 1 | -1): Row[] {
  const to = at + by;
  const next = [...rows];
  const [one] = to < 0 || to >= rows.length ? [] : next.splice(at, 1);
  if (one !== undefined) next.splice(to, 0, one);
  return next;
}
