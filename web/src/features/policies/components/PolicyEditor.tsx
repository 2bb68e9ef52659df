/** A policy while it is written: the form on the left, and a text held against what stands in it on the right. */
import { HttpError } from '@patchbay/client';
import type { Me } from '@patchbay/contract/people';
import type { PolicyView } from '@patchbay/contract/policies';
import { useQuery } from '@tanstack/react-query';
import { useRef, useState, type SubmitEvent } from 'react';
import { useTranslations } from 'use-intl';
import { focusFault } from '../../../lib/focus.ts';
import { useSaved } from '../../../lib/use-saved.ts';
import { Failure } from '../../../ui/Failure.tsx';
import { FormEnd } from '../../../ui/FormEnd.tsx';
import { LeaveQuestion } from '../../../ui/LeaveQuestion.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { Refusal } from '../../../ui/Refusal.tsx';
import { SideBySide } from '../../../ui/SideBySide.tsx';
import { judgesQuery, placesQuery, policyQuery, useChangePolicy, useCreatePolicy } from '../api/policies.ts';
import type { PatternFault, Place } from './field-props.ts';
import { PolicyFields } from './PolicyFields.tsx';
import { TryOut } from './TryOut.tsx';
import { faultNames, faultsOf, inputOf, newValues, valuesOf, type FaultName, type Values } from './policy-values.ts';

interface EditorProps {
  me: Me;
  /** The workspace that is shown; null for who is in none. */
  workspace: Me['workspaces'][number] | null;
  onSaved: (name: string) => void;
  onCancel: () => void;
}

export function NewPolicy(props: EditorProps) {
  const place = props.me.role === 'administrator' ? '' : 'workspace';
  return <Editor {...props} of={null} initial={{ ...newValues, place }} />;
}

export function EditPolicy({ id, ...props }: EditorProps & { id: string }) {
  const { data, error, refetch } = useQuery(policyQuery(id));
  if (!data && error) return <Failure error={error} organization={props.me.organization.name} onRetry={() => void refetch()} />;
  if (!data) return <Loading />;
  return <Editor {...props} of={data} initial={valuesOf(data)} />;
}

/** Fields that the server refused, by the names that the form has for them. */
function refusedOf(error: unknown): FaultName[] {
  if (!(error instanceof HttpError)) return [];
  const paths = Object.keys(error.fields).map((path) => path.replace(/^rules\.(?=.)/, ''));
  const isNamed = (name: FaultName): boolean => paths.some((path) => path === name || path.startsWith(`${name}.`));
  const named = faultNames.filter(isNamed);
  return paths.some((path) => path.startsWith('judge')) ? [...named, 'judgeModel'] : named;
}

/** What is wrong with each pattern, with its place in the list. */
const patternFaultsOf = (error: unknown): PatternFault[] =>
  error instanceof HttpError
    ? Object.entries(error.fields).flatMap(([path, { code, message }]) => {
        const place = /^rules\.patterns\.(\d+)$/.exec(path)?.[1];
        return place === undefined ? [] : [{ number: Number(place) + 1, code, detail: message }];
      })
    : [];

/** Where a policy may bind: what the person administers, or, for a saved one, where it is. */
function usePlaces({ me, workspace }: Pick<EditorProps, 'me' | 'workspace'>, of: PolicyView | null): Place[] {
  const t = useTranslations('policies');
  const isHead = workspace !== null && (workspace.role === 'ADMIN' || me.role === 'administrator');
  const { data: repositories = [] } = useQuery(placesQuery(of === null && isHead ? workspace.id : null));
  if (of !== null) {
    const value = of.repository?.id ?? (of.workspace === null ? '' : 'workspace');
    const label = of.repository
      ? t('levelOf.repository', of.repository)
      : of.workspace
        ? t('levelOf.workspace', of.workspace)
        : t('levelOf.organization');
    return [{ value, label }];
  }
  return [
    ...(me.role === 'administrator' ? [{ value: '', label: t('levelOf.organization') }] : []),
    ...(isHead ? [{ value: 'workspace', label: t('levelOf.workspace', { name: workspace.name }) }] : []),
    ...(isHead ? repositories.map(({ id, name }) => ({ value: id, label: t('levelOf.repository', { name }) })) : []),
  ];
}

function useSaving(of: PolicyView | null, values: Values, { workspace, onSaved }: EditorProps) {
  const create = useCreatePolicy();
  const change = useChangePolicy();
  // What was read when the form opened is what the change is made from.
  const [base, setBase] = useState(of);
  const [isSaved, note] = useSaved(onSaved);
  const save = (): void => {
    const done = { onSuccess: ({ name }: PolicyView) => note(name) };
    if (base !== null) return change.mutate({ id: base.id, change: { ...inputOf(values), revision: base.revision } }, done);
    const place =
      values.place === '' ? {} : { workspaceId: workspace!.id, ...(values.place !== 'workspace' && { repositoryId: values.place }) };
    create.mutate({ ...inputOf(values), ...place }, done);
  };
  const { error, isPending } = base === null ? create : change;
  return { save, error, isPending, isSaved, setBase };
}

function Editor({ of, initial, ...props }: EditorProps & { of: PolicyView | null; initial: Values }) {
  const t = useTranslations('policies');
  const form = useRef<HTMLFormElement>(null);
  const judges = useQuery(judgesQuery);
  const places = usePlaces(props, of);
  const [start, setStart] = useState(initial);
  const [values, setValues] = useState(initial);
  const [found, setFound] = useState<readonly FaultName[]>([]);
  const saving = useSaving(of, values, props);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const faults = faultsOf(values);
    setFound(faults);
    if (faults.length === 0) return saving.save();
    // Once the faults stand at their fields, the first of them has the focus.
    focusFault(form);
  };
  const load = (current: PolicyView): void => {
    saving.setBase(current);
    setStart(valuesOf(current));
    setValues(valuesOf(current));
  };
  const refused = refusedOf(saving.error);
  return (
    <SideBySide beside={<TryOut values={values} />}>
      <LeaveQuestion
        isDirty={!saving.isSaved && JSON.stringify(values) !== JSON.stringify(start)}
        title={t('leaveTitle')}
        text={t('leaveText')}
        stayLabel={t('stay')}
        discardLabel={t('discard')}
      />
      <form ref={form} className="pb-form" onSubmit={submit} noValidate autoComplete="off">
        {of !== null && !of.canChange && (
          <Notice tone="info">
            <p>{t('readOnly')}</p>
          </Notice>
        )}
        {saving.error !== null && refused.length === 0 && <Refusal error={saving.error} loadLabel={t('conflictLoad')} onLoad={load} />}
        <PolicyFields
          values={values}
          faults={[...new Set([...found, ...refused])]}
          patternFaults={patternFaultsOf(saving.error)}
          places={places}
          judges={(judges.data ?? []).map(({ id, name, defaultModel }) => ({ id, name, model: defaultModel }))}
          isNew={of === null}
          onChange={(part) => setValues((before) => ({ ...before, ...part }))}
        />
        <FormEnd
          cancelLabel={t('cancel')}
          onCancel={props.onCancel}
          saveLabel={of?.canChange === false ? null : t('save')}
          savingLabel={t('saving')}
          isPending={saving.isPending}
        />
      </form>
    </SideBySide>
  );
}
