/** The frame of every connection's form, new or stored, page or dialog: guard, form, tester, and the buttons below. */
import { Button } from '@mantine/core';
import type { ReactNode, SubmitEvent } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { Notice } from '../../../ui/Notice.tsx';
import type { ConnectionForm } from '../form/use-connection-form.ts';
import { ConfigurationValidator } from './ConfigurationValidator.tsx';
import classes from './ConnectionEditor.module.css';
import { ConnectionSwitches } from './ConnectionSwitches.tsx';
import { ConnectionTester } from './ConnectionTester.tsx';
import { LeaveGuard, type LeaveGuardProps } from './LeaveGuard.tsx';
import { ProviderConfig } from './ProviderConfig.tsx';
import type { Saving } from './use-saving.ts';
import type { UnsavedTest } from './use-unsaved-test.ts';

interface ConnectionEditorProps {
  form: ConnectionForm;
  test: UnsavedTest;
  saving: Saving;
  guard: LeaveGuardProps;
  /** Before the fields: a provider to choose, a template, a conflict. */
  before?: ReactNode;
  /** The way back, left of the button that saves. */
  back: ReactNode;
}

export function ConnectionEditor({ form, test, saving, guard, before, back }: ConnectionEditorProps) {
  const t = useTranslations('form');
  const language = useLocale();
  const isModel = form.lens === 'model';
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    saving.save();
  };
  // What is said at the fields need not be said a second time as a whole.
  const isNamed = Object.keys(form.faults).length > 0;
  const tester = (
    <ConnectionTester {...test} error={isNamed ? null : test.error} onAddress={(baseUrl) => form.set({ baseUrl })} isPlain={isModel} />
  );
  return (
    <div className={classes['editor']} data-lens={form.lens}>
      <LeaveGuard {...guard} isDirty={guard.isDirty && !saving.isSaved} />
      <form className={classes['form']} onSubmit={submit} noValidate autoComplete="off">
        <ConfigurationValidator form={form} />
        {saving.error !== null && !isNamed && <Notice tone="bad">{errorText(saving.error, language)}</Notice>}
        {before}
        <ProviderConfig form={form} />
        {isModel ? tester : <ConnectionSwitches form={form} />}
        <div className={classes['buttons']}>
          {back}
          <Button type="submit" loading={saving.isSaving} loaderProps={{ 'aria-label': t('saving') }}>
            {t(isModel ? 'saveModel' : 'save')}
          </Button>
        </div>
      </form>
      {!isModel && <div className={classes['aside']}>{tester}</div>}
    </div>
  );
}
