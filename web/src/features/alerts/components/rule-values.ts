/** What a rule's form holds, how a saved rule gets into it, and what is sent. */
import type { AlertKindName, AlertRuleChange, AlertRuleCreate, AlertRuleView, AlertSeverityName } from '@patchbay/contract/alerts';
import { isBlank } from '@patchbay/contract/blank';
import type { Me } from '@patchbay/contract/people';
import { kinds } from './alert-words.ts';

export interface RuleValues {
  /** `user`, `organization`, or a workspace's id. */
  of: string;
  kind: AlertKindName;
  connectionId: string;
  value: string;
  windowS: number;
  period: 'day' | 'month';
  severity: AlertSeverityName;
  /** Null is every channel. */
  channelIds: readonly string[] | null;
  /** 0 is never. */
  repeatS: number;
  cooldownS: number;
  name: string;
  isAutoResolved: boolean;
  isActive: boolean;
}

export type RuleFault = 'value' | 'name' | 'channels';

/** What a kind begins with. */
export const ofKind = (kind: AlertKindName): Pick<RuleValues, 'kind' | 'value' | 'windowS' | 'connectionId'> => ({
  kind,
  value: kinds[kind].value,
  windowS: kinds[kind].windowS,
  connectionId: '',
});

export const newRule = (of: string): RuleValues => ({
  of,
  ...ofKind('error-rate'),
  period: 'day',
  severity: 'warning',
  channelIds: null,
  repeatS: 14_400,
  cooldownS: 900,
  name: '',
  isAutoResolved: true,
  isActive: true,
});

export const placeOf = ({ scope, workspace }: Pick<AlertRuleView, 'scope' | 'workspace'>): string => workspace?.id ?? scope;

export const valuesOf = (rule: AlertRuleView): RuleValues => ({
  of: placeOf(rule),
  kind: rule.kind,
  connectionId: rule.connection?.id ?? '',
  value: rule.value === null ? '' : String(rule.value),
  windowS: rule.windowS ?? 0,
  period: rule.period ?? 'day',
  severity: rule.severity,
  channelIds: rule.channelIds,
  repeatS: rule.repeatS ?? 0,
  cooldownS: rule.cooldownS,
  name: rule.name ?? '',
  isAutoResolved: rule.isAutoResolved,
  isActive: rule.isActive,
});

/** Where a new rule or channel may belong. */
export function placesOf(me: Me, onlyMe: string, installation: string): { value: string; label: string }[] {
  const workspaces = me.workspaces.filter(({ role }) => role !== 'READ' || me.role === 'administrator');
  return [
    ...(me.role === 'administrator' ? [{ value: 'organization', label: installation }] : []),
    ...workspaces.map(({ id, name }) => ({ value: id, label: name })),
    { value: 'user', label: onlyMe },
  ];
}

export const ownerOf = (of: string): { scope: 'user' | 'organization' } | { scope: 'workspace'; workspaceId: string } =>
  of === 'user' || of === 'organization' ? { scope: of } : { scope: 'workspace', workspaceId: of };

const nameCharsMax = 255;

export function faultsOf({ kind, value, name, channelIds }: RuleValues): RuleFault[] {
  const { unit, min, max } = kinds[kind];
  const number = value.trim() === '' ? Number.NaN : Number(value);
  return [
    ...(unit !== null && !(number >= min && number <= max) ? ['value' as const] : []),
    ...(channelIds?.length === 0 ? ['channels' as const] : []),
    ...(name.trim().length > nameCharsMax ? ['name' as const] : []),
  ];
}

const fieldsOf = (values: RuleValues) => {
  const { unit, window, hasPeriod, ofConnection } = kinds[values.kind];
  return {
    name: isBlank(values.name) ? null : values.name.trim(),
    ...(unit !== null && { value: unit === 'usd' ? values.value.trim() : Number(values.value) }),
    ...(window !== null && { windowS: values.windowS }),
    ...(hasPeriod && { period: values.period }),
    ...(ofConnection && { connectionId: values.connectionId === '' ? null : values.connectionId }),
    severity: values.severity,
    channelIds: values.channelIds === null ? null : [...values.channelIds],
    repeatS: values.repeatS === 0 ? null : values.repeatS,
    cooldownS: values.cooldownS,
    isAutoResolved: values.isAutoResolved,
    isActive: values.isActive,
  };
};

export const createOf = (values: RuleValues): AlertRuleCreate => ({ ...ownerOf(values.of), kind: values.kind, ...fieldsOf(values) });
export const changeOf = (values: RuleValues, revision: number): AlertRuleChange => ({ ...fieldsOf(values), revision });
