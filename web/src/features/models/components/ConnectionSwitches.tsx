/** The two switches of a connection; the model's page has one and calls it as its own documents do. */
import { Checkbox } from '@mantine/core';
import { useTranslations } from 'use-intl';
import type { ConnectionForm } from '../form/use-connection-form.ts';
import classes from './ConnectionEditor.module.css';

export function ConnectionSwitches({ form }: { form: ConnectionForm }) {
  const t = useTranslations();
  const isModel = form.lens === 'model';
  return (
    <div className={classes['switches']} data-lens={form.lens}>
      {!isModel && (
        <Checkbox
          label={t('form.setAsDefault')}
          checked={form.values.isDefault}
          onChange={({ currentTarget }) => form.set({ isDefault: currentTarget.checked })}
        />
      )}
      <Checkbox
        label={isModel ? t('models.isActive') : t('form.active')}
        checked={form.values.isActive}
        onChange={({ currentTarget }) => form.set({ isActive: currentTarget.checked })}
      />
    </div>
  );
}
