/** One deed on several connections: how far it is, and what came of each. */
import { HttpError } from '@patchbay/client';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { testMany } from '../api/connection-tests.ts';
import { useDeleteConfiguration } from '../api/delete-configuration.ts';
import { useSetActive } from '../api/set-active.ts';

export interface BulkItem {
  id: string;
  name: string;
}

export type BulkDeed = 'test' | 'activate' | 'deactivate' | 'delete';

export interface BulkRun {
  deed: BulkDeed;
  total: number;
  done: number;
  failed: number;
  isRunning: boolean;
  /** What could not be done, with its reason as a sentence. */
  faults: readonly { id: string; name: string; reason: string }[];
}

export interface Bulk {
  run: BulkRun | null;
  start: (deed: BulkDeed, items: readonly BulkItem[]) => Promise<void>;
  dismiss: () => void;
}

export function useBulk(): Bulk {
  const t = useTranslations('bulk');
  const language = useLocale();
  const announce = useAnnounce();
  const queryClient = useQueryClient();
  const setActive = useSetActive();
  const remove = useDeleteConfiguration();
  const [run, setRun] = useState<BulkRun | null>(null);
  const reasonOf = (error: unknown): string =>
    error instanceof HttpError && error.is('CONFIGURATION_IN_USE') ? t('inUse') : errorText(error, language);
  const deeds: Record<BulkDeed, (items: readonly BulkItem[], note: (item: BulkItem, reason: string | null) => void) => Promise<void>> = {
    test: (items, note) =>
      testMany(
        queryClient,
        items.map(({ id }) => id),
        (id, { result, fault }) => {
          const item = items.find((one) => one.id === id);
          if (item) note(item, fault ? reasonOf(fault) : result?.success === false ? result.message : null);
        },
      ),
    activate: (items, note) => oneByOne(items, note, ({ id }) => setActive.mutateAsync({ id, isActive: true })),
    deactivate: (items, note) => oneByOne(items, note, ({ id }) => setActive.mutateAsync({ id, isActive: false })),
    delete: (items, note) => oneByOne(items, note, ({ id }) => remove.mutateAsync(id)),
  };
  const oneByOne = async (
    items: readonly BulkItem[],
    note: (item: BulkItem, reason: string | null) => void,
    perform: (item: BulkItem) => Promise<unknown>,
  ): Promise<void> => {
    for (const item of items) {
      const error: unknown = await perform(item).then(
        () => null,
        (reason: unknown) => reason,
      );
      note(item, error === null ? null : reasonOf(error));
    }
  };
  return {
    run,
    dismiss: () => setRun(null),
    async start(deed, items) {
      let now: BulkRun = { deed, total: items.length, done: 0, failed: 0, isRunning: true, faults: [] };
      setRun(now);
      await deeds[deed](items, ({ id, name }, reason) => {
        const faults = reason === null ? now.faults : [...now.faults, { id, name, reason }];
        now = { ...now, done: now.done + 1, failed: faults.length, faults };
        setRun(now);
      });
      now = { ...now, isRunning: false };
      setRun(now);
      announce(t('finished', { done: now.done - now.failed, failed: now.failed }));
    },
  };
}
