/** `/admin/system`: the installation as its operators see it. */
import { Button } from '@mantine/core';
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { HistoryButton } from '../features/audit/components/History.tsx';
import type { ImportedConnection } from '../features/models/api/import-environment.ts';
import { ImportEnvironment } from '../features/models/components/ImportEnvironment.tsx';
import { meQuery } from '../features/session/api/me.ts';
import { aiSettingsQuery } from '../features/settings/api/ai-settings.ts';
import { System } from '../features/system/components/System.tsx';
import { Notice } from '../ui/Notice.tsx';
import { PageHead } from '../ui/PageHead.tsx';
import { ReasonButton } from '../ui/ReasonButton.tsx';

export function SystemPage() {
  const t = useTranslations();
  const { data: me } = useSuspenseQuery(meQuery);
  const importing = useImporting();
  return (
    <>
      <PageHead title={t('nav.system')} text={t('system.text')} />
      <System
        me={me}
        importing={importing}
        retentionHistory={
          <HistoryButton
            type="retention"
            id={me.organization.id}
            name={t('system.retention')}
            organization={me.organization.name}
            place="panel"
          />
        }
      />
    </>
  );
}

/** The button that makes a connection of what the environment names, and what came of it. */
function useImporting() {
  const t = useTranslations('environment');
  const { data } = useQuery(aiSettingsQuery);
  const [imported, setImported] = useState<ImportedConnection | null>(null);
  const button =
    data &&
    (data.environment === null ? (
      <ReasonButton variant="default" reason={t('nothing')}>
        {t('importDotEnv')}
      </ReasonButton>
    ) : (
      <ImportEnvironment of={data.environment} label={t('importDotEnv')} onDone={setImported} />
    ));
  const outcome = imported && (
    <Notice tone="info">
      <p>{t(imported.isNew ? 'done' : 'exists', { name: imported.name })}</p>
      <Button
        size="compact-sm"
        variant="default"
        renderRoot={(props) => <Link to="/connections/$id" params={{ id: imported.id }} {...props} />}
      >
        {t('open')}
      </Button>
    </Notice>
  );
  return { button, outcome };
}
