/** The simulator: a group or a blank sheet to begin with, what is assumed, and what it came to. */
import type { RoutingGroupView } from '@patchbay/contract/routing';
import type { Me } from '@patchbay/contract/people';
import { Checkbox, NativeSelect, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState, type FormEvent } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { FormEnd } from '../../../ui/FormEnd.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { groupsQuery, useSimulate } from '../api/routing.ts';
import { AssumptionRows } from './AssumptionRows.tsx';
import { isWeighed, strategyOrder } from './group-values.ts';
import classes from './routing.module.css';
import { SimulationResult } from './SimulationResult.tsx';
import { faultsOf, newSimulation, simulationInput, simulationOf, type SimulatorValues, type WholeNumber } from './simulator-values.ts';

interface SimulatorProps {
  me: Me;
  /** The group to begin with; null for a blank sheet. */
  groupId: string | null;
}

export function Simulator({ me, groupId }: SimulatorProps) {
  const { data: groups, error, refetch } = useQuery(groupsQuery);
  if (!groups && error) return <Failure error={error} organization={me.organization.name} onRetry={() => void refetch()} />;
  if (!groups) return <Loading />;
  return <Sheet groups={groups} groupId={groupId} />;
}

function Sheet({ groups, groupId }: { groups: readonly RoutingGroupView[]; groupId: string | null }) {
  const t = useTranslations('simulator');
  const language = useLocale();
  const announce = useAnnounce();
  const form = useRef<HTMLFormElement>(null);
  const simulate = useSimulate();
  const find = (id: string | null): RoutingGroupView | null => groups.find((group) => group.id === id) ?? null;
  const begin = (group: RoutingGroupView | null): SimulatorValues =>
    group ? simulationOf(group, t('nameless')) : newSimulation([t('targetName', { place: 1 }), t('targetName', { place: 2 })]);
  const [group, setGroup] = useState(() => find(groupId));
  const [values, setValues] = useState(() => begin(group));
  const [faults, setFaults] = useState<ReadonlySet<string>>(new Set());
  const set = (part: Partial<SimulatorValues>): void => setValues((before) => ({ ...before, ...part }));
  const choose = (id: string): void => {
    const chosen = find(id);
    setGroup(chosen);
    setValues(begin(chosen));
    setFaults(new Set());
    simulate.reset();
  };
  useEffect(() => {
    if (faults.size > 0) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [faults]);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const found = faultsOf(values);
    setFaults(found);
    if (found.size > 0) return;
    simulate.mutate(simulationInput(values, group), { onSuccess: ({ answered, requests }) => announce(t('done', { answered, requests })) });
  };
  return (
    <>
      <Panel title={t('assumptions')}>
        <form ref={form} onSubmit={submit} noValidate className={`pb-form ${classes['form']}`}>
          <Common values={values} groups={groups} group={group} faults={faults} set={set} onGroup={choose} />
          <AssumptionRows
            targets={values.targets}
            hasWeight={isWeighed(values.strategy)}
            faults={faults}
            onChange={(targets) => set({ targets })}
          />
          {simulate.isError && <Notice tone="bad">{errorText(simulate.error, language)}</Notice>}
          <FormEnd saveLabel={t('run')} savingLabel={t('running')} isPending={simulate.isPending} />
        </form>
      </Panel>
      {simulate.data && (
        <Panel title={t('result')} text={t('resultText')}>
          <SimulationResult report={simulate.data} />
        </Panel>
      )}
    </>
  );
}

interface CommonProps {
  values: SimulatorValues;
  groups: readonly RoutingGroupView[];
  group: RoutingGroupView | null;
  faults: ReadonlySet<string>;
  set: (part: Partial<SimulatorValues>) => void;
  onGroup: (id: string) => void;
}

const shownNumbers: readonly WholeNumber[] = ['requests', 'requestsPerS', 'tokensIn', 'tokensOut', 'seed'];

function Common({ values, groups, group, faults, set, onGroup }: CommonProps) {
  const t = useTranslations('simulator');
  const words = useTranslations('routing');
  const number = (name: WholeNumber) => (
    <TextInput
      key={name}
      label={t(`whole.${name}`)}
      inputMode="decimal"
      value={values[name]}
      error={faults.has(name) ? t('faultNumber') : undefined}
      onChange={({ currentTarget }) => set({ [name]: currentTarget.value })}
      autoComplete="off"
    />
  );
  return (
    <>
      <div className={classes['common']}>
        <NativeSelect label={t('group')} value={group?.id ?? ''} onChange={({ currentTarget }) => onGroup(currentTarget.value)}>
          <option value="">{t('blank')}</option>
          {groups.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </NativeSelect>
        <NativeSelect
          label={words('strategy')}
          value={values.strategy}
          onChange={({ currentTarget }) => set({ strategy: strategyOrder.find((one) => one === currentTarget.value) ?? 'ordered' })}
        >
          {strategyOrder.map((strategy) => (
            <option key={strategy} value={strategy}>
              {words(`strategyOf.${strategy}`)}
            </option>
          ))}
        </NativeSelect>
        {shownNumbers.map(number)}
        {values.strategy === 'sticky' && number('sessions')}
      </div>
      <Checkbox
        label={words('hedge')}
        description={words('hedgeHint')}
        checked={values.isHedged}
        onChange={({ currentTarget }) => set({ isHedged: currentTarget.checked })}
      />
      {values.isHedged && <div className={classes['fields']}>{number('hedgeMaxUsd')}</div>}
    </>
  );
}
