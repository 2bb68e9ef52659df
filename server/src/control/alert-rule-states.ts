/** From a kept state of an alert rule to what a person would have entered for it, and which of its channels are gone. */
import type { AlertRule } from '../domain/alert.ts';
import type { FieldFault } from '../domain/errors.ts';
import type { ObjectState } from '../storage/object-revisions.ts';
import { shownValue, type RuleInput } from './alert-rules.ts';
import type { ControlDeps } from './deps.ts';

export function alertRuleInput(state: ObjectState): RuleInput {
  const { kind, threshold, name, connectionId, severity, channelIds, repeatS, cooldownS, isAutoResolved, isActive } =
    state as unknown as AlertRule;
  const value = shownValue(kind, threshold.value);
  return {
    name,
    ...(value !== null && { value }),
    ...(threshold.windowS !== undefined && { windowS: threshold.windowS }),
    ...(threshold.period !== undefined && { period: threshold.period }),
    connectionId,
    severity,
    channelIds,
    repeatS,
    cooldownS,
    isAutoResolved,
    isActive,
  };
}

/** Channels that the state names and that are not there any more. */
export function missingChannels({ keeper }: Pick<ControlDeps, 'keeper'>, state: ObjectState): FieldFault[] {
  const { channels } = keeper.snapshot.alerting;
  const named = Array.isArray(state['channelIds']) ? (state['channelIds'] as string[]) : [];
  return named.flatMap((id, at) =>
    channels.has(id) ? [] : [{ path: `channelIds.${at}`, code: 'gone', message: `the channel ${id} is not there any more` }],
  );
}
