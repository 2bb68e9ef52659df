/** `/status/$token`: a status page that is read without signing in. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useLocale, useTranslations } from 'use-intl';
import { sharedQuery } from '../features/status/api/status.ts';
import { SharedBoard } from '../features/status/components/SharedBoard.tsx';
import { errorText, isNotFound } from '../lib/error-text.ts';
import { usePageTitle } from '../lib/focus.ts';
import { Loading } from '../ui/Loading.tsx';
import { Notice } from '../ui/Notice.tsx';
import { PlainLayout } from './PlainLayout.tsx';

export function SharedStatusPage() {
  const t = useTranslations('status');
  const app = useTranslations('failure');
  const language = useLocale();
  const { token } = useParams({ from: '/status/$token' });
  const shared = useQuery(sharedQuery(token));
  const title = shared.data ? t('sharedTitle', { name: shared.data.title }) : t('title');
  const heading = usePageTitle(title);
  return (
    <PlainLayout title={title} heading={heading} width="board">
      {shared.isError && (
        <Notice tone="warn">
          <p>{isNotFound(shared.error) ? t('sharedGone') : errorText(shared.error, language)}</p>
          {!isNotFound(shared.error) && (
            <Button size="compact-sm" variant="default" onClick={() => void shared.refetch()}>
              {app('retry')}
            </Button>
          )}
        </Notice>
      )}
      {shared.isPending && <Loading />}
      {shared.data && !isNotFound(shared.error) && <SharedBoard shared={shared.data} />}
    </PlainLayout>
  );
}
