/** Whose the new connection is: one's own, or everybody's in the organization. */
import { useTranslations } from 'use-intl';
import type { Audience } from '../api/create-configuration.ts';
import classes from './AudienceField.module.css';

interface AudienceFieldProps {
  value: Audience;
  organization: string;
  onChange: (audience: Audience) => void;
}

const audiences = ['user', 'organization'] as const;

export function AudienceField({ value, organization, onChange }: AudienceFieldProps) {
  const t = useTranslations('form');
  return (
    <fieldset className={classes['audience']}>
      <legend>{t('audience')}</legend>
      {audiences.map((audience) => (
        <label key={audience}>
          <input type="radio" name="audience" checked={audience === value} onChange={() => onChange(audience)} />
          {audience === 'user' ? t('audienceUser') : t('audienceOrganization', { organization })}
        </label>
      ))}
    </fieldset>
  );
}
