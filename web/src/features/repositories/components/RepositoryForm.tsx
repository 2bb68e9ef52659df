/** The name of a repository, for a new one and for another name. */
import { Button, TextInput } from '@mantine/core';
import { isBlank } from '@patchbay/contract/blank';
import { useRef, useState, type FormEvent } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { CancelButton } from '../../../ui/CancelButton.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import classes from './repositories.module.css';

interface RepositoryFormProps {
  title: string;
  name: string;
  saveLabel: string;
  isPending: boolean;
  error: unknown;
  onSave: (name: string) => void;
  onCancel: () => void;
}

export function RepositoryForm({ title, name, saveLabel, isPending, error, onSave, onCancel }: RepositoryFormProps) {
  const t = useTranslations('repositories');
  const language = useLocale();
  const input = useRef<HTMLInputElement>(null);
  const [isEmpty, setEmpty] = useState(false);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const entered = input.current?.value.trim() ?? '';
    setEmpty(isBlank(entered));
    // What is wrong with a name is read out at its field, whoever finds it.
    input.current?.focus();
    if (!isBlank(entered)) onSave(entered);
  };
  const fault = error === null ? undefined : errorText(error, language);
  return (
    <Panel title={title} takesFocus>
      <form onSubmit={submit} noValidate className="pb-form">
        <TextInput
          ref={input}
          label={t('name')}
          description={t('nameHint')}
          defaultValue={name}
          error={isEmpty ? t('nameFault') : fault}
          required
          withAsterisk={false}
        />
        <div className={classes['buttons']}>
          <CancelButton label={t('cancel')} isPending={isPending} onCancel={onCancel} />
          <Button type="submit" loading={isPending} loaderProps={{ 'aria-label': t('saving') }}>
            {saveLabel}
          </Button>
        </div>
      </form>
    </Panel>
  );
}
