/** A use case while it is written: the form on the left, and a question to what stands in it on the right. */
import { HttpError } from '@patchbay/client';
import type { UseCaseView } from '@patchbay/contract/use-cases';
import { useQuery } from '@tanstack/react-query';
import { useRef, useState, type ReactNode, type SubmitEvent } from 'react';
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
import { boundModelsQuery, caseQuery, useChangeUseCase, useCreateUseCase } from '../api/use-cases.ts';
import { TryOut } from './TryOut.tsx';
import { UseCaseFields } from './UseCaseFields.tsx';
import { faultNames, faultsOf, inputOf, newValues, valuesOf, type FaultName, type Values } from './use-case-values.ts';

interface EditorProps {
  organization: string;
  onSaved: (name: string) => void;
  onCancel: () => void;
  /** The way to the models, with this text; to one of them where its id is known. */
  renderModelLink: (id: string | null, text: string) => ReactNode;
}

/** A new one; `isTest` proposes the temporary one for administrators alone. */
export function NewUseCase({ isTest, ...props }: EditorProps & { isTest: boolean }) {
  const t = useTranslations('useCases');
  const initial: Values = isTest
    ? { ...newValues, name: t('testName'), systemPrompt: t('testPrompt'), allRoles: false, allowedRoles: ['administrator'] }
    : newValues;
  return <Editor {...props} of={null} initial={initial} />;
}

export function EditUseCase({ id, ...props }: EditorProps & { id: string }) {
  const { data, error, refetch } = useQuery(caseQuery(id));
  if (!data && error) return <Failure error={error} organization={props.organization} onRetry={() => void refetch()} />;
  if (!data) return <Loading />;
  // Somebody else's change does not take what is being typed away: saving tells of it.
  return <Editor {...props} of={data} initial={valuesOf(data)} />;
}

/** Fields that the server refused, by the names that the form has for them. */
function refusedOf(error: unknown): FaultName[] {
  if (!(error instanceof HttpError)) return [];
  const paths = Object.keys(error.fields);
  return faultNames.filter((name) => paths.some((path) => path === name || path.startsWith(`${name}.`)));
}

function useSaving(of: UseCaseView | null, values: Values, onSaved: (name: string) => void) {
  const create = useCreateUseCase();
  const change = useChangeUseCase();
  // What was read when the form opened is what the change is made from.
  const [base, setBase] = useState(of);
  const [isSaved, note] = useSaved(onSaved);
  const slug = values.slug.trim();
  const save = (): void => {
    const done = { onSuccess: ({ name }: UseCaseView) => note(name) };
    if (base === null) create.mutate({ ...inputOf(values), ...(slug !== '' && { slug }) }, done);
    else change.mutate({ id: base.id, change: { ...inputOf(values), revision: base.revision } }, done);
  };
  const { error, isPending } = base === null ? create : change;
  return { save, error, isPending, isSaved, setBase };
}

function Editor({
  organization,
  of,
  initial,
  onSaved,
  onCancel,
  renderModelLink,
}: EditorProps & { of: UseCaseView | null; initial: Values }) {
  const t = useTranslations('useCases');
  const form = useRef<HTMLFormElement>(null);
  const models = useQuery(boundModelsQuery);
  const [start, setStart] = useState(initial);
  const [values, setValues] = useState(initial);
  const [found, setFound] = useState<readonly FaultName[]>([]);
  const saving = useSaving(of, values, onSaved);
  if (!models.data && models.error)
    return <Failure error={models.error} organization={organization} onRetry={() => void models.refetch()} />;
  if (!models.data) return <Loading />;
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const faults = faultsOf(values);
    setFound(faults);
    if (faults.length === 0) return saving.save();
    // Once the faults stand at their fields, the first of them has the focus.
    focusFault(form);
  };
  const load = (current: UseCaseView): void => {
    saving.setBase(current);
    setStart(valuesOf(current));
    setValues(valuesOf(current));
  };
  const refused = refusedOf(saving.error);
  const faults = [...new Set([...found, ...refused])];
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
        <Above of={of} values={values} hasModels={models.data.some(({ isActive }) => isActive)} renderModelLink={renderModelLink} />
        {saving.error !== null && refused.length === 0 && <Refusal error={saving.error} loadLabel={t('conflictLoad')} onLoad={load} />}
        <UseCaseFields
          values={values}
          faults={faults}
          models={models.data}
          isNew={of === null}
          onChange={(part) => setValues((before) => ({ ...before, ...part }))}
        />
        <FormEnd
          cancelLabel={t('cancel')}
          onCancel={onCancel}
          saveLabel={t('save')}
          savingLabel={t('saving')}
          isPending={saving.isPending}
        />
      </form>
    </SideBySide>
  );
}

interface AboveProps {
  of: UseCaseView | null;
  values: Values;
  hasModels: boolean;
  renderModelLink: EditorProps['renderModelLink'];
}

/** What stands in the way of every request, before the fields. */
function Above({ of, values, hasModels, renderModelLink }: AboveProps) {
  const t = useTranslations('useCases');
  if (!hasModels && of === null)
    return (
      <Notice tone="warn">
        <p>{t('noModels')}</p>
        {renderModelLink(null, t('toModel'))}
      </Notice>
    );
  if (of === null || of.modelState === 'active' || values.connectionId !== (of.connectionId ?? '')) return null;
  return (
    <Notice tone="bad" title={t(`brokenTitle.${of.modelState}`)}>
      <p>{t('brokenText')}</p>
      {of.connectionId !== null && renderModelLink(of.connectionId, t('toModel'))}
    </Notice>
  );
}
