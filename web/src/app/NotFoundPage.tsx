/** What stands at an address where nothing is. */
import { Button } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { usePageTitle } from '../lib/focus.ts';
import { PlainLayout } from './PlainLayout.tsx';

export function NotFoundPage() {
  const t = useTranslations();
  const heading = usePageTitle(t('notFound.title'));
  const navigate = useNavigate();
  return (
    <PlainLayout title={t('notFound.title')} heading={heading}>
      <p className="pb-text">{t('notFound.text')}</p>
      <div>
        <Button onClick={() => void navigate({ to: '/' })}>{t('failure.goHome')}</Button>
      </div>
    </PlainLayout>
  );
}
