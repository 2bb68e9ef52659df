/** The way to the form of a new model, as a button. */
import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';

export function AddModelLink() {
  const t = useTranslations('models');
  return (
    <Button
      leftSection={<IconPlus size={16} stroke={1.75} aria-hidden="true" />}
      renderRoot={(props) => <Link to="/admin/ai_models/new" search={(search) => search} {...props} />}
    >
      {t('add')}
    </Button>
  );
}
