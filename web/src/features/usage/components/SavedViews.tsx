/** Views with a name: each is a link to an address of this page; the present one can be saved, and each can be taken away. */
import { Button, CloseButton, TextInput } from '@mantine/core';
import { isBlank } from '@patchbay/contract/blank';
import { useEffect, useRef, useState, type ReactNode, type SubmitEvent } from 'react';
import { useTranslations } from 'use-intl';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { ReasonButton } from '../../../ui/ReasonButton.tsx';
import { isSameView, savedViewsMax, useSavedViews, viewNameCharsMax, withView, type SavedView } from '../saved-views.ts';
import type { UsageSearch } from '../view.ts';
import classes from './Usage.module.css';

export type RenderView = (
  search: UsageSearch,
  content: ReactNode,
  options: { className: string | undefined; isCurrent: boolean },
) => ReactNode;

interface SavedViewsProps {
  userId: string;
  /** The address of what is shown. */
  current: UsageSearch;
  renderView: RenderView;
  /** The button that saves, and what was saved, each at its place. */
  children: (save: ReactNode, saved: ReactNode) => ReactNode;
}

export function SavedViews({ userId, current, renderView, children }: SavedViewsProps) {
  const t = useTranslations('usage');
  const announce = useAnnounce();
  const [views, keep] = useSavedViews(userId);
  const [isNaming, setNaming] = useState(false);
  const [removed, setRemoved] = useState<{ name: string; before: readonly SavedView[] } | null>(null);
  const button = useRef<HTMLButtonElement>(null);
  const toButton = (): void => void setTimeout(() => button.current?.focus());
  const save = (name: string): void => {
    keep(withView(views, { name, search: current }));
    setNaming(false);
    setRemoved(null);
    announce(t('viewSaved', { name }));
    toButton();
  };
  const cancel = (): void => {
    setNaming(false);
    toButton();
  };
  const remove = (name: string): void => {
    setRemoved({ name, before: views });
    keep(views.filter((view) => view.name !== name));
    announce(t('viewRemoved', { name }));
    toButton();
  };
  const undo = (before: readonly SavedView[]): void => {
    keep(before);
    setRemoved(null);
    toButton();
  };
  return children(
    !isNaming && (
      <Button ref={button} variant="default" onClick={() => setNaming(true)}>
        {t('saveView')}
      </Button>
    ),
    <>
      {(views.length > 0 || removed) && (
        <div className={classes['views']}>
          {views.length > 0 && <Saved views={views} current={current} renderView={renderView} onRemove={remove} />}
          {removed && (
            <span className={classes['quiet']}>
              {t('viewRemoved', { name: removed.name })}{' '}
              <Button size="compact-sm" variant="subtle" onClick={() => undo(removed.before)}>
                {t('undo')}
              </Button>
            </span>
          )}
        </div>
      )}
      {isNaming && <Naming views={views} onSave={save} onCancel={cancel} />}
    </>,
  );
}

interface SavedProps extends Pick<SavedViewsProps, 'current' | 'renderView'> {
  views: readonly SavedView[];
  onRemove: (name: string) => void;
}

function Saved({ views, current, renderView, onRemove }: SavedProps) {
  const t = useTranslations('usage');
  return (
    <>
      <span className={classes['viewsTitle']}>{t('views')}</span>
      <ul aria-label={t('views')}>
        {views.map(({ name, search }) => {
          const isCurrent = isSameView(search, current);
          return (
            <li key={name} data-current={isCurrent || undefined}>
              {renderView(search, name, { className: classes['view'], isCurrent })}
              <CloseButton size="sm" aria-label={t('removeView', { name })} onClick={() => onRemove(name)} />
            </li>
          );
        })}
      </ul>
    </>
  );
}

function Naming({ views, onSave, onCancel }: { views: readonly SavedView[]; onSave: (name: string) => void; onCancel: () => void }) {
  const t = useTranslations('usage');
  const [text, setText] = useState('');
  const [isMissing, setMissing] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const name = isBlank(text) ? '' : text.trim();
  const isTaken = views.some((view) => view.name === name);
  const isFull = views.length >= savedViewsMax && !isTaken;
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    setMissing(name === '');
    if (name !== '' && !isFull) onSave(name);
  };
  return (
    <form className={classes['naming']} onSubmit={submit} noValidate autoComplete="off">
      <TextInput
        label={t('viewName')}
        description={t(isTaken ? 'viewTaken' : 'viewHint')}
        error={isMissing ? t('viewNameMissing') : undefined}
        value={text}
        maxLength={viewNameCharsMax}
        ref={input}
        onKeyDown={(event) => event.key === 'Escape' && onCancel()}
        onChange={({ currentTarget }) => setText(currentTarget.value)}
      />
      <ReasonButton type="submit" reason={isFull ? t('viewsFull', { max: savedViewsMax }) : null}>
        {t('saveThisView')}
      </ReasonButton>
      <Button variant="default" onClick={onCancel}>
        {t('cancel')}
      </Button>
    </form>
  );
}
