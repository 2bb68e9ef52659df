/** The form of retention: what was typed, what is wrong with it, saving it, and what another administrator saved first. */
import { HttpError } from '@patchbay/client';
import type { ConflictDetails } from '@patchbay/contract/errors';
import { useQueryClient } from '@tanstack/react-query';
import { useState, type RefObject, type SubmitEvent } from 'react';
import { useTranslations } from 'use-intl';
import { conflictOf } from '../../../lib/conflict.ts';
import { focusFault } from '../../../lib/focus.ts';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { retentionQuery, useChangeRetention, type RetentionView } from '../api/retention.ts';
import { changeOf, contestedOf, faultsOf, type Edits, type RetentionNoun } from '../retention-edits.ts';

/** @param form where what is wrong, and afterwards the button, is found for the focus */
export function useRetentionForm(of: RetentionView, form: RefObject<HTMLFormElement | null>) {
  const t = useTranslations('system');
  const announce = useAnnounce();
  const queries = useQueryClient();
  const change = useChangeRetention();
  const [edits, setEdits] = useState<Edits>({});
  /** What stood there when the first row was touched; rows that nobody touches follow what is saved. */
  const [opened, setOpened] = useState<RetentionView | null>(null);
  const [found, setFound] = useState<readonly RetentionNoun[]>([]);
  const [conflict, setConflict] = useState<ConflictDetails<RetentionView> | null>(null);
  /** The question about a contradiction is gone, and its buttons with it. */
  const toSave = (): void => void setTimeout(() => form.current?.querySelector<HTMLElement>('[type="submit"]')?.focus());
  const refuse = (error: unknown, from: RetentionView, isFirst: boolean): void => {
    const met = conflictOf<RetentionView>(error);
    if (!met) return focusFault(form);
    queries.setQueryData(retentionQuery.queryKey, met.current);
    // Other rows than these are nobody's contradiction.
    if (isFirst && contestedOf(from, met.current, edits).length === 0) return saveOver(met.current, from, false);
    setConflict(met);
  };
  const saveOver = (current: RetentionView, from: RetentionView, isFirst: boolean): void => {
    const faults = faultsOf(current.rows, edits);
    setFound(faults);
    if (faults.length > 0) return focusFault(form);
    const saved = (view: RetentionView): void => {
      // What was typed while it was being saved is still to be saved.
      setEdits((now) => Object.fromEntries(Object.entries(now).filter(([noun, text]) => edits[noun as RetentionNoun] !== text)));
      setOpened(view);
      setConflict(null);
      if (!isFirst) toSave();
      announce(t('retentionSaved'));
    };
    const days = changeOf(current.rows, edits);
    if (Object.keys(days).length === 0) return saved(current);
    change.mutate({ days, revision: isFirst ? from.revision : current.revision }, { onSuccess: saved, onError: (error) => refuse(error, from, isFirst) });
  }; // prettier-ignore
  const refused = change.error instanceof HttpError ? change.error.fields : {};
  return {
    edits,
    isEdited: Object.keys(edits).length > 0,
    isPending: change.isPending,
    /** What has no place in a row. */
    error: conflict !== null || Object.keys(refused).length > 0 ? null : change.error,
    isWrong: (noun: RetentionNoun): boolean => found.includes(noun) || `days.${noun}` in refused,
    edit: (noun: RetentionNoun, text: string): void => {
      if (Object.keys(edits).length === 0) setOpened(of);
      setEdits({ ...edits, [noun]: text });
    },
    submit: (event: SubmitEvent): void => {
      event.preventDefault();
      // An open contradiction is answered by its own buttons.
      if (opened !== null && conflict === null && Object.keys(edits).length > 0) saveOver(of, opened, true);
    },
    conflict: conflict && opened && { ...conflict, rows: contestedOf(opened, conflict.current, edits) },
    discard: (): void => {
      setEdits({});
      setFound([]);
      setConflict(null);
      change.reset();
      toSave();
    },
    overwrite: (): void => {
      if (conflict && opened) saveOver(conflict.current, opened, false);
    },
  };
}

export type RetentionForm = ReturnType<typeof useRetentionForm>;
