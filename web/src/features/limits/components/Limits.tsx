/** The limits of one subject with what is used of each; whoever may set them does so here. */
import type { LimitSubject } from '@patchbay/client/limits';
import type { LimitView } from '@patchbay/contract/limits';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useRef, useState } from 'react';
import { useTranslations } from 'use-intl';
import { wanted } from '../../../lib/wanted.ts';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { DeedQuestion } from '../../../ui/DeedQuestion.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { usedLimitsQuery, useChangeLimit, useCreateLimit, useRemoveLimit } from '../api/limits.ts';
import classes from './Limits.module.css';
import { LimitRow } from './LimitRow.tsx';
import { choiceOf } from './limit-values.ts';

// The list comes first; the form comes with the press that asks for it.
const LimitForm = lazy(async () => ({ default: (await wanted(() => import('./LimitForm.tsx'))).LimitForm }));

interface LimitsProps extends LimitSubject {
  organization: string;
}

type Open = { kind: 'new' } | { kind: 'edit'; of: LimitView } | null;

export function Limits({ organization, ...subject }: LimitsProps) {
  const t = useTranslations('limits');
  const announce = useAnnounce();
  const { data, error, refetch } = useQuery(usedLimitsQuery(subject));
  const [open, setOpen] = useState<Open>(null);
  const [removing, setRemoving] = useState<LimitView | null>(null);
  const remove = useRemoveLimit();
  const addButton = useRef<HTMLButtonElement>(null);
  const done = (said: string): void => {
    setOpen(null);
    setRemoving(null);
    announce(said);
    setTimeout(() => addButton.current?.focus());
  };
  if (!data && error) return <Failure error={error} organization={organization} onRetry={() => void refetch()} />;
  const add = data?.canCreate && open === null && (
    <Button ref={addButton} variant="default" size="compact-sm" onClick={() => setOpen({ kind: 'new' })}>
      {t('add')}
    </Button>
  );
  return (
    <Panel title={t('title')} text={t(`text.${subject.subjectKind}`)} aside={add}>
      {!data && <Loading />}
      {open?.kind === 'new' && <NewLimit subject={subject} onDone={done} onCancel={() => setOpen(null)} />}
      {open?.kind === 'edit' && <EditLimit key={open.of.id} of={open.of} onDone={done} onCancel={() => setOpen(null)} />}
      {data && data.limits.length === 0 && open === null && <p>{t('none')}</p>}
      {data && data.limits.length > 0 && (
        <ul className={classes['rows']}>
          {data.limits.map((limit) => (
            <LimitRow
              key={limit.id ?? choiceOf(limit)}
              of={limit}
              onEdit={() => setOpen({ kind: 'edit', of: limit })}
              onRemove={() => setRemoving(limit)}
            />
          ))}
        </ul>
      )}
      <DeedQuestion
        of={removing}
        change={remove}
        inputOf={({ id }) => id!}
        title={() => t('removeTitle')}
        text={(limit) => t('removeText', { what: t(`of.${choiceOf(limit)}`) })}
        cancelLabel={t('cancel')}
        confirmLabel={t('remove')}
        onClose={() => setRemoving(null)}
        onDone={() => done(t('removed'))}
      />
    </Panel>
  );
}

function NewLimit({ subject, onDone, onCancel }: { subject: LimitSubject; onDone: (said: string) => void; onCancel: () => void }) {
  const t = useTranslations('limits');
  const create = useCreateLimit();
  return (
    <Suspense fallback={<Loading isAsked />}>
      <LimitForm
        of={null}
        isPending={create.isPending}
        error={create.error}
        onSave={(input, onError) => create.mutate({ ...subject, ...input }, { onSuccess: () => onDone(t('created')), onError })}
        onCancel={onCancel}
      />
    </Suspense>
  );
}

function EditLimit({ of, onDone, onCancel }: { of: LimitView; onDone: (said: string) => void; onCancel: () => void }) {
  const t = useTranslations('limits');
  const change = useChangeLimit();
  return (
    <Suspense fallback={<Loading isAsked />}>
      <LimitForm
        of={of}
        isPending={change.isPending}
        error={change.error}
        onSave={({ value, softPercent, isShadow }, onError) =>
          change.mutate({ of, edit: { value, softPercent, isShadow } }, { onSuccess: () => onDone(t('saved')), onError })
        }
        onCancel={onCancel}
      />
    </Suspense>
  );
}
