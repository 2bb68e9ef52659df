/** Theme, language, row height and shortcuts. Every choice holds at once; there is nothing to save. */
import { SegmentedControl, Switch } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { density, shortcuts, type Density } from '../../../lib/choices.ts';
import { Preferences, type PreferenceChange } from '../../../ui/Preferences.tsx';
import classes from './AppearanceForm.module.css';

function Row({ title, hint, children }: { title: string; hint: string; children: ReactNode }) {
  return (
    <div className={classes['row']}>
      <div>
        <h2 className={classes['title']}>{title}</h2>
        <p className={classes['hint']}>{hint}</p>
      </div>
      <div>{children}</div>
    </div>
  );
}

export function AppearanceForm({ onChange }: { onChange: (change: PreferenceChange) => void }) {
  const t = useTranslations('appearance');
  const rows = density.use();
  const keys = shortcuts.use();
  const densities = [
    { value: 'compact', label: t('compact') },
    { value: 'comfortable', label: t('comfortable') },
  ] as const;
  return (
    <div className={classes['form']}>
      <Row title={t('profile')} hint={t('profileHint')}>
        <Preferences onChange={onChange} />
      </Row>
      <Row title={t('density')} hint={t('densityHint')}>
        <SegmentedControl<Density> aria-label={t('density')} size="xs" data={[...densities]} value={rows} onChange={density.set} />
      </Row>
      <Row title={t('shortcuts')} hint={t('shortcutsHint')}>
        <Switch
          label={t('shortcutsOn')}
          checked={keys === 'on'}
          onChange={(event) => shortcuts.set(event.currentTarget.checked ? 'on' : 'off')}
        />
      </Row>
    </div>
  );
}
