/** The LLM Settings panel of one chat: which connection and model answer, and with what parameters. It counts once it is applied. */
import { Button, CloseButton } from '@mantine/core';
import { HttpError } from '@patchbay/client';
import type { ChatSettings } from '@patchbay/client/chats';
import type { AiConnection } from '@patchbay/contract/ai-connections';
import { useEffect, useId, useRef, useState } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { CancelButton } from '../../../ui/CancelButton.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { noSettings, settingsOf, valuesOf, type Faults, type FormValues } from './fields.ts';
import classes from './LLMSettings.module.css';
import { SettingsFields } from './SettingsFields.tsx';

export interface LLMSettingsProps {
  isOpen: boolean;
  /** Null until they are known. */
  settings: ChatSettings | null;
  connections: readonly AiConnection[];
  /** The connection that answers where none is chosen. */
  defaultName: string | null;
  isPending: boolean;
  error: unknown;
  onApply: (settings: ChatSettings) => void;
  onClose: () => void;
}

/** The server's faults, without the path that leads to the settings. */
function refusedOf(error: unknown): Record<string, string> {
  if (!(error instanceof HttpError)) return {};
  const named = Object.entries(error.fields).filter(([path]) => path.startsWith('settings.'));
  return Object.fromEntries(named.map(([path, { message }]) => [path.slice('settings.'.length).split('.')[0]!, message]));
}

export function LLMSettings(props: LLMSettingsProps) {
  const t = useTranslations('chat');
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const { isOpen, isPending, settings, error, onClose } = props;
  useEffect(() => {
    if (isOpen && !dialog.current?.open) dialog.current?.showModal();
    if (!isOpen) dialog.current?.close();
  }, [isOpen]);
  // What is on its way may be refused, and would say so behind a closed panel to nobody. No browser lets a page refuse Escape for ever.
  const closed = (): void => {
    if (isOpen && isPending) dialog.current?.showModal();
    else if (isOpen) onClose();
  };
  return (
    <dialog ref={dialog} className={classes['panel']} aria-labelledby={id} closedby={isPending ? 'none' : 'any'} onClose={closed}>
      {isOpen && (
        <>
          <div className={classes['head']}>
            <h2 id={id}>{t('settings')}</h2>
            <CloseButton aria-label={t('closeSettings')} aria-disabled={isPending || undefined} onClick={() => !isPending && onClose()} />
          </div>
          {settings === null ? <Unknown error={error} /> : <SettingsForm {...props} settings={settings} />}
        </>
      )}
    </dialog>
  );
}

/** In the place of the form, which begins with what the chat has. */
function Unknown({ error }: { error: unknown }) {
  const language = useLocale();
  return (
    <div className={classes['fields']}>
      {error ? (
        <Notice tone="bad">
          <p>{errorText(error, language)}</p>
        </Notice>
      ) : (
        <Loading isAsked />
      )}
    </div>
  );
}

function SettingsForm({
  settings,
  connections,
  defaultName,
  isPending,
  error,
  onApply,
  onClose,
}: LLMSettingsProps & { settings: ChatSettings }) {
  const t = useTranslations('chat');
  const language = useLocale();
  const form = useRef<HTMLFormElement>(null);
  const [values, setValues] = useState<FormValues>(() => valuesOf(settings));
  const [faults, setFaults] = useState<Faults>({});
  const refused = refusedOf(error);
  const change = (part: Partial<FormValues>): void => setValues((before) => ({ ...before, ...part }));
  const apply = (): void => {
    const read = settingsOf(values);
    setFaults(read.faults);
    if (Object.keys(read.faults).length === 0) onApply(read.settings);
    // What is folded away is unfolded, and the first fault has the focus.
    else setTimeout(() => focusFault(form.current));
  };
  useEffect(() => {
    if (error) focusFault(form.current);
  }, [error]);
  return (
    <form
      ref={form}
      className={classes['form']}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        apply();
      }}
    >
      <div className={classes['fields']}>
        {error !== null && error !== undefined && (
          <Notice tone="bad">
            <p>{errorText(error, language)}</p>
          </Notice>
        )}
        <SettingsFields
          values={values}
          faults={faults}
          refused={refused}
          connections={connections}
          defaultName={defaultName}
          onChange={change}
        />
      </div>
      <div className={classes['buttons']}>
        <Button variant="subtle" color="gray" onClick={() => setValues(valuesOf(noSettings))}>
          {t('reset')}
        </Button>
        <CancelButton label={t('cancel')} isPending={isPending} onCancel={onClose} />
        <Button type="submit" loading={isPending}>
          {t('apply')}
        </Button>
      </div>
    </form>
  );
}

function focusFault(form: HTMLFormElement | null): void {
  const first = form?.querySelector<HTMLElement>('[aria-invalid="true"]');
  first?.closest('details')?.setAttribute('open', '');
  first?.focus();
}
