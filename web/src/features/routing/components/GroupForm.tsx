/** The form of a routing group: name, owner, strategy and what belongs to it, targets, hedging. */
import type { RoutingGroupView } from '@patchbay/contract/routing';
import type { Me } from '@patchbay/contract/people';
import { HttpError } from '@patchbay/client';
import { Checkbox, NativeSelect, TextInput } from '@mantine/core';
import { useEffect, useRef, useState, type FormEvent } from 'react';
import { useTranslations } from 'use-intl';
import { FormEnd } from '../../../ui/FormEnd.tsx';
import { Refusal } from '../../../ui/Refusal.tsx';
import type { Choosable, GroupInput, GroupOwner } from '../api/routing.ts';
import { faultsOf, inputOf, isExploring, newGroup, ownerOf, valuesOf, type GroupValues } from './group-values.ts';
import classes from './routing.module.css';
import { StrategyField } from './StrategyField.tsx';
import { TargetRows } from './TargetRows.tsx';

interface GroupFormProps {
  me: Me;
  /** The group that is changed; null for a new one. */
  of: RoutingGroupView | null;
  connections: readonly Choosable[];
  isPending: boolean;
  error: unknown;
  onSave: (input: GroupInput, owner: GroupOwner) => void;
  /** Takes what somebody else has made of it meanwhile. */
  onReload: () => void;
  onCancel: () => void;
}

/** Codes of faults that have words of their own; every other one is `invalid`. */
const knownFaults = ['required', 'format', 'number', 'exists', 'unknown_connection', 'duplicate'] as const;
type Known = (typeof knownFaults)[number] | 'invalid';
const knownFault = (code: string): Known => knownFaults.find((known) => known === code) ?? 'invalid';

export function GroupForm({ me, of, connections, isPending, error: last, onSave, onReload, onCancel }: GroupFormProps) {
  const t = useTranslations('routing');
  const form = useRef<HTMLFormElement>(null);
  const [values, setValues] = useState<GroupValues>(() => (of === null ? newGroup() : valuesOf(of)));
  const [own, setOwn] = useState<Record<string, string>>({});
  // What was refused is no longer true of what has been typed since.
  const [outdated, setOutdated] = useState<unknown>(null);
  const error = last === outdated ? null : last;
  const server = error instanceof HttpError ? error.fields : {};
  const set = (part: Partial<GroupValues>): void => {
    setOwn({});
    setOutdated(last);
    setValues((before) => ({ ...before, ...part }));
  };
  const faultAt = (path: string): string | undefined => {
    const code = own[path] ?? server[path]?.code;
    return code === undefined ? undefined : t(`fault.${knownFault(code)}`);
  };
  useEffect(() => {
    if (Object.keys(own).length > 0 || error !== null) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [own, error]);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const faults = faultsOf(values);
    setOwn(faults);
    if (Object.keys(faults).length === 0) onSave(inputOf(values), ownerOf(values));
  };
  return (
    <form ref={form} onSubmit={submit} noValidate className={`pb-form ${classes['form']}`}>
      {error !== null && <Refusal error={error} loadLabel={t('reload')} onLoad={onReload} />}
      <TextInput
        label={t('name')}
        description={t('nameHint')}
        value={values.name}
        error={faultAt('name')}
        onChange={({ currentTarget }) => set({ name: currentTarget.value })}
        maxLength={255}
        autoComplete="off"
        spellCheck={false}
      />
      {of === null && <OwnerField me={me} value={values.owner} onChange={(owner) => set({ owner })} />}
      <StrategyField value={values.strategy} onChange={(strategy) => set({ strategy })} />
      <StrategyOptions values={values} faultAt={faultAt} set={set} />
      <TargetRows values={values} connections={connections} faultAt={faultAt} onChange={(targets) => set({ targets })} />
      <Hedging values={values} faultAt={faultAt} set={set} />
      <Reuse values={values} faultAt={faultAt} set={set} />
      <Checkbox
        label={t('active')}
        description={t('activeHint')}
        checked={values.isActive}
        onChange={({ currentTarget }) => set({ isActive: currentTarget.checked })}
      />
      <FormEnd
        cancelLabel={t('cancel')}
        onCancel={onCancel}
        saveLabel={of === null ? t('create') : t('save')}
        savingLabel={t('saving')}
        isPending={isPending}
      />
    </form>
  );
}

/** Whose it is: one's own, a workspace's in which one writes, or everybody's. */
function OwnerField({ me, value, onChange }: { me: Me; value: string; onChange: (value: string) => void }) {
  const t = useTranslations('routing');
  const workspaces = me.workspaces.filter(({ role }) => role !== 'READ');
  const mayAll = me.permissions.includes('manage_ai_models');
  if (workspaces.length === 0 && !mayAll) return null;
  return (
    <NativeSelect
      label={t('owner')}
      description={t('ownerHint')}
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    >
      <option value="user">{t('ownerUser')}</option>
      {workspaces.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
      {mayAll && <option value="organization">{me.organization.name}</option>}
    </NativeSelect>
  );
}

interface PartProps {
  values: GroupValues;
  faultAt: (path: string) => string | undefined;
  set: (part: Partial<GroupValues>) => void;
}

function StrategyOptions({ values, faultAt, set }: PartProps) {
  const t = useTranslations('routing');
  const number = (name: 'priceWeight' | 'latencyWeight' | 'exploration') => ({
    label: t(name),
    value: values[name],
    error: faultAt(`options.${name}`),
    inputMode: 'decimal' as const,
    autoComplete: 'off',
    onChange: ({ currentTarget }: { currentTarget: HTMLInputElement }) => set({ [name]: currentTarget.value }),
  });
  return (
    <>
      {values.strategy === 'sticky' && (
        <NativeSelect
          label={t('stickyBy')}
          description={t(values.stickyBy === 'session' ? 'sessionHint' : 'prefixHint')}
          value={values.stickyBy}
          onChange={({ currentTarget }) => set({ stickyBy: currentTarget.value === 'prefix' ? 'prefix' : 'session' })}
        >
          <option value="session">{t('session')}</option>
          <option value="prefix">{t('prefix')}</option>
        </NativeSelect>
      )}
      {isExploring(values.strategy) && (
        <div className={classes['fields']}>
          {values.strategy === 'score' && (
            <>
              <TextInput {...number('priceWeight')} />
              <TextInput {...number('latencyWeight')} />
            </>
          )}
          <TextInput {...number('exploration')} description={t('explorationHint')} />
        </div>
      )}
    </>
  );
}

function Reuse({ values, faultAt, set }: PartProps) {
  const t = useTranslations('routing');
  return (
    <TextInput
      label={t('cache')}
      description={t('cacheHint')}
      inputMode="numeric"
      value={values.cacheSeconds}
      error={faultAt('options.cacheSeconds')}
      onChange={({ currentTarget }) => set({ cacheSeconds: currentTarget.value })}
      autoComplete="off"
    />
  );
}

function Hedging({ values, faultAt, set }: PartProps) {
  const t = useTranslations('routing');
  return (
    <>
      <Checkbox
        label={t('hedge')}
        description={t('hedgeHint')}
        checked={values.isHedged}
        onChange={({ currentTarget }) => set({ isHedged: currentTarget.checked })}
      />
      {values.isHedged && (
        <TextInput
          label={t('hedgeMax')}
          description={t('hedgeMaxHint')}
          inputMode="decimal"
          value={values.hedgeMaxUsd}
          error={faultAt('options.hedgeMaxUsd')}
          onChange={({ currentTarget }) => set({ hedgeMaxUsd: currentTarget.value })}
          autoComplete="off"
        />
      )}
    </>
  );
}
