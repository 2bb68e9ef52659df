/** The way to the wizard, as a button. */
import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';

export function AddConnectionLink() {
  const t = useTranslations('connections');
  return (
    <Button
      leftSection={<IconPlus size={16} stroke={1.75} aria-hidden="true" />}
      renderRoot={(props) => <Link to="/settings/ai-connections/new" {...props} />}
    >
      {t('add')}
    </Button>
  );
}
