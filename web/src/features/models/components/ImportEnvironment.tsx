/** The way from the server's own settings to a connection that can be edited (C-02). */
import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { Confirm } from '../../../ui/Confirm.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { useImportEnvironment } from '../api/import-environment.ts';

export function ImportEnvironment() {
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
      onSuccess: ({ name, isNew }) => {
        announce(t(isNew ? 'done' : 'exists', { name }));
        if (isNew) setAsked(false);
      },
    });
  return (
    <>
      <Button size="compact-sm" variant="default" onClick={() => setAsked(true)}>
        {t('import')}
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
        <p>{t('text')}</p>
        {imports.data?.isNew === false && <Notice tone="info">{t('exists', { name: imports.data.name })}</Notice>}
      </Confirm>
    </>
  );
}
