/** The history of one object: every state, who made it, what differed, and the way back. */
import type { ObjectRevision } from '@patchbay/client/audit';
import type { RevisionType } from '@patchbay/contract/revision-types';
import { Button } from '@mantine/core';
import { IconHistory } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useFormatter, useTranslations } from 'use-intl';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { DeedQuestion } from '../../../ui/DeedQuestion.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Status } from '../../../ui/Status.tsx';
import { historyQuery, useRollBack } from '../api/audit.ts';
import { useSentence } from './audit-text.ts';
import { Changes } from './Changes.tsx';
import { Side } from './Side.tsx';
import classes from './audit.module.css';

interface HistoryProps {
  type: RevisionType;
  id: string;
  name: string;
  organization: string;
  /** A form that holds what the object was has to begin anew. */
  onRolledBack?: () => void;
  /** Where the page has others of its kind it says whose history it is; in a row it is small. Absent: the page's own. */
  place?: 'row' | 'panel';
}

/** Opens the history beside the page. */
export function HistoryButton(props: HistoryProps) {
  const t = useTranslations('audit');
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      {props.place === 'row' ? (
        <Button variant="subtle" size="compact-sm" aria-label={t('historyOf', { name: props.name })} onClick={() => setOpen(true)}>
          {t('history')}
        </Button>
      ) : (
        <Button
          variant="default"
          className={classes['opener']}
          leftSection={<IconHistory size={16} stroke={1.75} aria-hidden="true" />}
          aria-label={props.place === 'panel' ? t('historyOf', { name: props.name }) : undefined}
          onClick={() => setOpen(true)}
        >
          {t('history')}
        </Button>
      )}
      {isOpen && <History {...props} onClose={() => setOpen(false)} />}
    </>
  );
}

function History({ type, id, name, organization, onRolledBack, onClose }: HistoryProps & { onClose: () => void }) {
  const t = useTranslations('audit');
  const { data, error, refetch } = useQuery(historyQuery(type, id));
  return (
    <Side title={t('historyOf', { name })} onClose={onClose}>
      <p className={classes['hint']}>{t('historyText')}</p>
      {!data && error && <Failure error={error} organization={organization} onRetry={() => void refetch()} />}
      {!data && !error && <Loading isAsked />}
      {data?.length === 0 && <p className={classes['hint']}>{t('historyEmpty')}</p>}
      {data && data.length > 0 && <States type={type} id={id} revisions={data} onRolledBack={onRolledBack} />}
    </Side>
  );
}

/** Against the state as it is now: what a rollback would change. */
function differenceTo(now: ObjectRevision['state'], then: ObjectRevision['state']): ObjectRevision['changes'] {
  const changes: ObjectRevision['changes'] = {};
  for (const field of new Set([...Object.keys(now ?? {}), ...Object.keys(then ?? {})]))
    if (JSON.stringify(now?.[field]) !== JSON.stringify(then?.[field])) changes[field] = { before: now?.[field], after: then?.[field] };
  return changes;
}

interface StatesProps extends Pick<HistoryProps, 'type' | 'id' | 'onRolledBack'> {
  revisions: readonly ObjectRevision[];
}

function States({ type, id, revisions, onRolledBack }: StatesProps) {
  const t = useTranslations('audit');
  const announce = useAnnounce();
  const [chosen, setChosen] = useState<ObjectRevision | null>(null);
  const rollBack = useRollBack(type, id);
  const now = revisions[0]?.state ?? null;
  const done = (revision: number): void => {
    announce(t('rolledBack', { revision }));
    onRolledBack?.();
  };
  return (
    <>
      <ol className={classes['states']}>
        {revisions.map((one) => (
          <State
            key={one.revision}
            type={type}
            id={id}
            one={one}
            canRollBack={now !== null && one.state !== null && !one.isCurrent}
            onRollBack={() => setChosen(one)}
          />
        ))}
      </ol>
      <DeedQuestion
        of={chosen}
        change={rollBack}
        inputOf={({ revision }) => revision}
        title={({ revision }) => t('rollBackTitle', { revision })}
        text={() => t('rollBackText')}
        tone="plain"
        cancelLabel={t('cancel')}
        confirmLabel={t('rollBack')}
        onClose={() => setChosen(null)}
        onDone={({ revision }) => done(revision)}
      >
        {chosen && <Changes changes={differenceTo(now, chosen.state)} />}
      </DeedQuestion>
    </>
  );
}

interface StateProps extends Pick<HistoryProps, 'type' | 'id'> {
  one: ObjectRevision;
  canRollBack: boolean;
  onRollBack: () => void;
}

function State({ type, id, one, canRollBack, onRollBack }: StateProps) {
  const t = useTranslations('audit');
  const format = useFormatter();
  const sentence = useSentence();
  const { revision, actor, action, name, state, changes, isCurrent } = one;
  const told =
    action === null ? t('foundState') : sentence({ actor: actor && { ...actor, role: '' }, via: '', action, subject: { type, id, name } });
  return (
    <li className={classes['state']}>
      <div className={classes['stateHead']}>
        <h3>{t('revision', { revision })}</h3>
        {isCurrent && <Status tone="ok" text={t('current')} />}
        {state === null && <Status tone="off" text={t('deletedState')} />}
        {canRollBack && (
          <Button variant="default" size="compact-sm" aria-label={t('rollBackNamed', { revision })} onClick={onRollBack}>
            {t('rollBack')}
          </Button>
        )}
      </div>
      <p className={classes['hint']}>
        {told} · <time dateTime={one.at}>{format.dateTime(new Date(one.at), { dateStyle: 'medium', timeStyle: 'short' })}</time>
      </p>
      {state !== null && action !== null && <Changes changes={changes} />}
    </li>
  );
}
