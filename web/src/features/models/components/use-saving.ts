/** Saving what stands in a connection's form, as a new connection or over a stored one, and what comes of it. */
import type { ConflictDetails } from '@patchbay/contract/errors';
import type { Configuration } from '@patchbay/contract/configurations';
import { useTranslations } from 'use-intl';
import { conflictOf } from '../../../lib/conflict.ts';
import { useSaved } from '../../../lib/use-saved.ts';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { useCreateConfiguration, type Audience } from '../api/create-configuration.ts';
import { useUpdateConfiguration } from '../api/update-configuration.ts';
import { conflictRows } from '../form/conflict.ts';
import type { ConnectionForm } from '../form/use-connection-form.ts';
import { changeOf } from '../form/values.ts';
import type { UnsavedTest } from './use-unsaved-test.ts';

export type Conflict = ConflictDetails<Configuration>;

export interface Saving {
  save: () => void;
  isSaving: boolean;
  isSaved: boolean;
  /** Why it could not be saved; null for a conflict, which is shown in its own way. */
  error: Error | null;
  /** Somebody else saved first. */
  conflict: Conflict | null;
  /** Saves over what somebody else saved. */
  overwrite: () => void;
}

interface Wanted {
  form: ConnectionForm;
  test: UnsavedTest;
  onSaved: () => void;
}

/** Says that it is saved, and leaves. */
function useSaidSaved(onSaved: () => void): ReturnType<typeof useSaved> {
  const t = useTranslations('form');
  const announce = useAnnounce();
  const [isSaved, note] = useSaved(onSaved);
  return [
    isSaved,
    (name) => {
      announce(t('saved', { name }));
      note(name);
    },
  ];
}

export function useCreating({ form, test, onSaved, audience, onCreated }: Wanted & { audience: Audience; onCreated: () => void }): Saving {
  const create = useCreateConfiguration();
  const [isSaved, note] = useSaidSaved(onSaved);
  const save = (): void => {
    const settled = form.settle();
    if (!settled) return;
    const { isActive, isDefault } = form.values;
    create.mutate(
      { input: { ...settled, isActive, isDefault, validate: test.isProven }, audience },
      {
        onSuccess: ({ name }) => {
          onCreated();
          note(name);
        },
        onError: form.refuse,
      },
    );
  };
  return { save, isSaving: create.isPending, isSaved, error: create.error, conflict: null, overwrite: () => undefined };
}

export function useUpdating({ form, test, onSaved, stored }: Wanted & { stored: Configuration }): Saving {
  const update = useUpdateConfiguration();
  const [isSaved, note] = useSaidSaved(onSaved);
  const conflict = conflictOf<Configuration>(update.error);
  /** @param over the state that the change is made from; the server refuses it once that is another one */
  const saveOver = (over: Configuration, isFirst: boolean): void => {
    const settled = form.settle();
    if (!settled) return;
    const change = changeOf(over, settled, form.values);
    if (!change) return note(over.name);
    update.mutate(
      { id: stored.id, change: { ...change, revision: over.revision }, isTested: test.isProven },
      {
        onSuccess: ({ name }) => note(name),
        onError: (error) => {
          const met = conflictOf<Configuration>(error);
          // A test, or a change to something that this form does not show, is nobody's contradiction.
          if (met && isFirst && conflictRows(form, stored, met.current).length === 0) saveOver(met.current, false);
          else if (!met) form.refuse(error);
        },
      },
    );
  };
  return {
    save: () => saveOver(stored, true),
    isSaving: update.isPending,
    isSaved,
    error: conflict ? null : update.error,
    conflict,
    overwrite: () => conflict && saveOver(conflict.current, false),
  };
}
