/** What is attached to a repository, in the order in which it is tried: moved, taken out and added without a mouse. */
import type { RepositoryView } from '@patchbay/contract/repositories';
import { Button, NativeSelect } from '@mantine/core';
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useId, useRef, useState, type FormEvent } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { useProviderName } from '../../../lib/providers.ts';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { Coming } from '../../../ui/Loading.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { ReasonIcon } from '../../../ui/ReasonButton.tsx';
import { Status } from '../../../ui/Status.tsx';
import { attachableQuery, useChangeRepository } from '../api/repositories.ts';
import classes from './repositories.module.css';

type Attached = RepositoryView['connections'][number];
type Way = 'up' | 'down';

type Ids = readonly string[];
/** What a press makes of the list as it is by then, and what is said of it; the list itself where nothing is left to do. */
type Deed = (ids: Ids) => { ids: Ids; said: string; after?: () => void };

/** The list with one of its entries a place further up or down. */
function moved(ids: Ids, id: string, way: Way): Ids {
  const at = ids.indexOf(id);
  const to = way === 'up' ? at - 1 : at + 1;
  return at < 0 || to < 0 || to >= ids.length ? ids : ids.toSpliced(at, 1).toSpliced(to, 0, id);
}

/** Changes the list, one deed after the other: what is pressed while an answer is on its way is done once that is there. */
function useDeeds(repository: RepositoryView) {
  const announce = useAnnounce();
  const change = useChangeRepository(repository);
  const deeds = useRef<Deed[]>([]);
  const isBusy = useRef(false);
  const next = (): void => {
    const ids = repository.connections.map(({ id }) => id);
    for (let deed = deeds.current.shift(); deed !== undefined; deed = deeds.current.shift()) {
      const done = deed(ids);
      if (done.ids === ids) continue;
      isBusy.current = true;
      return change.mutate(
        { connectionIds: [...done.ids] },
        {
          onSuccess: () => {
            announce(done.said);
            done.after?.();
          },
          // What was pressed after it was meant for a list that has not come to be.
          onError: () => void (deeds.current = []),
          onSettled: () => void (isBusy.current = false),
        },
      );
    }
  };
  useEffect(() => {
    if (!change.isPending && !isBusy.current) next();
  });
  return {
    change,
    act: (deed: Deed): void => {
      deeds.current.push(deed);
      if (!isBusy.current) next();
    },
  };
}

export function AttachedConnections({ repository }: { repository: RepositoryView }) {
  const t = useTranslations('repositories');
  const language = useLocale();
  const list = useRef<HTMLOListElement>(null);
  const { change, act } = useDeeds(repository);
  const { connections, canChange } = repository;
  // The row moves in the page and takes the focus along, so that a second press moves it further.
  const [focused, setFocused] = useState<{ id: string; way: Way } | null>(null);
  const order = connections.map(({ id }) => id).join(' ');
  useEffect(() => {
    if (focused && order.includes(focused.id))
      list.current?.querySelector<HTMLElement>(`[data-move="${focused.way} ${focused.id}"]`)?.focus();
  }, [focused, order]);
  const move = ({ id, name }: Attached, way: Way): void =>
    act((ids) => {
      const next = moved(ids, id, way);
      return {
        ids: next,
        said: t('movedTo', { name, place: next.indexOf(id) + 1, count: next.length }),
        after: () => setFocused({ id, way }),
      };
    });
  const detach = ({ id, name }: Attached): void =>
    act((ids) => ({
      ids: ids.includes(id) ? ids.filter((other) => other !== id) : ids,
      said: t('detached', { name }),
      after: () => list.current?.focus(),
    }));
  const attach = (id: string, name: string): void =>
    act((ids) => ({ ids: ids.includes(id) ? ids : [...ids, id], said: t('attached', { name }) }));
  return (
    <Panel title={t('connections')} text={t('connectionsText')}>
      {change.isError && <Notice tone="bad">{errorText(change.error, language)}</Notice>}
      {connections.length === 0 && <p className={classes['none']}>{t('nothingAttached')}</p>}
      <ol ref={list} tabIndex={-1} className={classes['list']} aria-label={t('connections')} hidden={connections.length === 0}>
        {connections.map((one, at) => (
          <Row key={one.id} of={one} at={at} count={connections.length} canChange={canChange} onMove={move} onDetach={detach} />
        ))}
      </ol>
      {canChange && <AttachForm repository={repository} isPending={change.isPending} onAttach={attach} />}
    </Panel>
  );
}

interface RowProps {
  of: Attached;
  at: number;
  count: number;
  canChange: boolean;
  onMove: (of: Attached, way: Way) => void;
  onDetach: (of: Attached) => void;
}

function Row({ of, at, count, canChange, onMove, onDetach }: RowProps) {
  const t = useTranslations('repositories');
  const providerOf = useProviderName();
  return (
    <li className={classes['row']}>
      <span className={classes['place']} aria-hidden="true">
        {at + 1}
      </span>
      <span className={classes['what']}>
        <span className={classes['name']}>{of.name}</span>
        <span className={classes['facts']}>
          {providerOf(of.provider, of.providerName)}
          {of.model !== null && ` · ${of.model}`}
        </span>
      </span>
      {!of.isActive && <Status tone="off" text={t('inactive')} />}
      {canChange && (
        <span className={classes['deeds']}>
          <MoveButton of={of} way="up" isEnd={at === 0} onMove={() => onMove(of, 'up')} />
          <MoveButton of={of} way="down" isEnd={at === count - 1} onMove={() => onMove(of, 'down')} />
          <Button variant="subtle" size="compact-sm" aria-label={t('detachNamed', { name: of.name })} onClick={() => onDetach(of)}>
            {t('detach')}
          </Button>
        </span>
      )}
    </li>
  );
}

/** At its end of the list it stays where it is in the order of Tab, so that the focus is not lost there. */
function MoveButton({ of, way, isEnd, onMove }: { of: Attached; way: Way; isEnd: boolean; onMove: () => void }) {
  const t = useTranslations('repositories');
  const list = useTranslations('list');
  const Icon = way === 'up' ? IconArrowUp : IconArrowDown;
  return (
    <ReasonIcon
      variant="subtle"
      color="gray"
      size={28}
      className={classes['move']}
      data-move={`${way} ${of.id}`}
      aria-label={t(way === 'up' ? 'moveUp' : 'moveDown', { name: of.name })}
      reason={isEnd ? list(way === 'up' ? 'isFirst' : 'isLast') : null}
      onClick={onMove}
    >
      <Icon size={16} stroke={1.75} aria-hidden="true" />
    </ReasonIcon>
  );
}

interface AttachFormProps {
  repository: RepositoryView;
  isPending: boolean;
  onAttach: (id: string, name: string) => void;
}

function AttachForm({ repository, isPending, onAttach }: AttachFormProps) {
  const t = useTranslations('repositories');
  const language = useLocale();
  const id = useId();
  const select = useRef<HTMLSelectElement>(null);
  const { data: attachable, error } = useQuery(attachableQuery(repository.workspaceId));
  if (error && !attachable) return <Notice tone="bad">{errorText(error, language)}</Notice>;
  if (!attachable) return <Coming />;
  const attached = new Set(repository.connections.map((one) => one.id));
  const free = attachable.filter((one) => !attached.has(one.id));
  if (free.length === 0) return <p className={classes['none']}>{t(attachable.length === 0 ? 'nothingToAttach' : 'allAttached')}</p>;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const chosen = free.find((one) => one.id === select.current?.value);
    if (chosen) onAttach(chosen.id, chosen.name);
  };
  return (
    <form onSubmit={submit} className={classes['attach']}>
      <NativeSelect ref={select} id={id} label={t('attachLabel')} className={classes['choice']}>
        {free.map((one) => (
          <option key={one.id} value={one.id}>
            {one.name}
          </option>
        ))}
      </NativeSelect>
      <Button type="submit" variant="default" loading={isPending} loaderProps={{ 'aria-label': t('saving') }}>
        {t('attach')}
      </Button>
    </form>
  );
}
