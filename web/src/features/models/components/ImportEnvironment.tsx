/** The way from the server's own settings to a connection that can be edited: what would be imported, and what came of it (C-02). */
import { Button } from '@mantine/core';
import type { AiSettingsView } from '@patchbay/contract/ai-settings';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { Confirm } from '../../../ui/Confirm.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { useImportEnvironment, type ImportedConnection } from '../api/import-environment.ts';
import classes from './ImportEnvironment.module.css';

interface ImportEnvironmentProps {
  /** What the server's settings name; never the key. */
  of: NonNullable<AiSettingsView['environment']>;
  /** Without it the button is one of a row's. */
  label?: string;
  /** For a page that tells by itself what came of it. */
  onDone?: (imported: ImportedConnection) => void;
}

export function ImportEnvironment({ of, label, onDone }: ImportEnvironmentProps) {
  const t = useTranslations('environment');
  const announce = useAnnounce();
  const imports = useImportEnvironment();
  const [isAsked, setAsked] = useState(false);
  const close = (): void => {
    setAsked(false);
    imports.reset();
  };
  const run = (): void =>
    imports.mutate(undefined, {
      onSuccess: (imported) => {
        const { name, isNew } = imported;
        announce(t(isNew ? 'done' : 'exists', { name }));
        if (isNew || onDone) setAsked(false);
        onDone?.(imported);
      },
    });
  return (
    <>
      <Button size={label === undefined ? 'compact-sm' : 'sm'} variant="default" data-writes onClick={() => setAsked(true)}>
        {label ?? t('import')}
      </Button>
      <Confirm
        isOpen={isAsked}
        title={t('title')}
        cancelLabel={t('cancel')}
        confirmLabel={t('import')}
        isPending={imports.isPending}
        error={imports.error}
        onConfirm={run}
        onClose={close}
      >
        <dl className={classes['facts']}>
          <dt>{t('baseUrl')}</dt>
          <dd>
            <code>{of.baseUrl}</code>
          </dd>
          <dt>{t('model')}</dt>
          <dd>{of.model === null ? t('noModel') : <code>{of.model}</code>}</dd>
          <dt>{t('apiKey')}</dt>
          <dd>{t(of.hasApiKey ? 'keySet' : 'keyNone')}</dd>
        </dl>
        <p>{t('text')}</p>
        {imports.data?.isNew === false && <Notice tone="info">{t('exists', { name: imports.data.name })}</Notice>}
      </Confirm>
    </>
  );
}
