/** Form and tester side by side, for a new connection as for a stored one. */
import { Button, Checkbox } from '@mantine/core';
import type { ReactNode, SubmitEvent } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { Notice } from '../../../ui/Notice.tsx';
import type { ConnectionForm } from '../form/use-connection-form.ts';
import { ConfigurationValidator } from './ConfigurationValidator.tsx';
import classes from './ConnectionEditor.module.css';
import { ConnectionTester } from './ConnectionTester.tsx';
import { ProviderConfig } from './ProviderConfig.tsx';
import type { UnsavedTest } from './use-unsaved-test.ts';

interface ConnectionEditorProps {
  form: ConnectionForm;
  test: UnsavedTest;
  /** Why it could not be saved. */
  error: unknown;
  isSaving: boolean;
  onSave: () => void;
  /** The way back, left of the button that saves. */
  back: ReactNode;
}

export function ConnectionEditor({ form, test, error, isSaving, onSave, back }: ConnectionEditorProps) {
  const t = useTranslations('form');
  const language = useLocale();
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    onSave();
  };
  // What is said at the fields need not be said a second time as a whole.
  const isNamed = Object.keys(form.faults).length > 0;
  return (
    <div className={classes['editor']}>
      <form className={classes['form']} onSubmit={submit} noValidate autoComplete="off">
        <ConfigurationValidator form={form} />
        {error !== null && !isNamed && <Notice tone="bad">{errorText(error, language)}</Notice>}
        <ProviderConfig form={form} />
        <div className={classes['switches']}>
          <Checkbox
            label={t('setAsDefault')}
            checked={form.values.isDefault}
            onChange={({ currentTarget }) => form.set({ isDefault: currentTarget.checked })}
          />
          <Checkbox
            label={t('active')}
            checked={form.values.isActive}
            onChange={({ currentTarget }) => form.set({ isActive: currentTarget.checked })}
          />
        </div>
        <div className={classes['buttons']}>
          {back}
          <Button type="submit" loading={isSaving} loaderProps={{ 'aria-label': t('saving') }}>
            {t('save')}
          </Button>
        </div>
      </form>
      <div className={classes['aside']}>
        <ConnectionTester {...test} error={isNamed ? null : test.error} onAddress={(baseUrl) => form.set({ baseUrl })} />
      </div>
    </div>
  );
}
