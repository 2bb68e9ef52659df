/** On or off, in words beside the switch. Switching off what is in use asks first. */
import { Switch } from '@mantine/core';
import { useTranslations } from 'use-intl';
import classes from './StatusSwitch.module.css';

interface StatusSwitchProps {
  name: string;
  isActive: boolean;
  /** Where the caller may look and not change. */
  isReadOnly?: boolean;
  isPending: boolean;
  onChange: (isActive: boolean) => void;
}

export function StatusSwitch({ name, isActive, isReadOnly = false, isPending, onChange }: StatusSwitchProps) {
  const t = useTranslations('models');
  const text = t(isActive ? 'active' : 'inactive');
  if (isReadOnly) return <span className={classes['text']}>{text}</span>;
  return (
    <span className={classes['status']}>
      <Switch
        size="xs"
        aria-label={t('statusNamed', { name })}
        checked={isActive}
        aria-busy={isPending || undefined}
        onChange={({ currentTarget }) => onChange(currentTarget.checked)}
      />
      <span className={classes['text']} aria-hidden="true">
        {text}
      </span>
    </span>
  );
}
