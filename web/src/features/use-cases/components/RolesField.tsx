/** Who may use it: everybody, or the roles that are named. Nothing chosen is no choice (D-20). */
import { Checkbox } from '@mantine/core';
import { useId } from 'react';
import { useTranslations } from 'use-intl';
import { Choice } from './Choice.tsx';
import classes from './UseCaseFields.module.css';
import { roleNames, type FaultName, type RoleName, type Values } from './use-case-values.ts';

interface RolesProps {
  values: Values;
  faults: readonly FaultName[];
  onChange: (part: Partial<Values>) => void;
}

export function RolesField({ values: { allRoles, allowedRoles }, faults, onChange }: RolesProps) {
  const t = useTranslations('useCases');
  const group = useId();
  const faultId = useId();
  const hasFault = faults.includes('allowedRoles');
  const toggle = (role: RoleName): void =>
    onChange({ allowedRoles: roleNames.filter((one) => (one === role ? !allowedRoles.includes(one) : allowedRoles.includes(one))) });
  return (
    <fieldset className="pb-group" data-fault={hasFault || undefined} aria-describedby={hasFault ? faultId : undefined}>
      <legend>{t('roles')}</legend>
      <Choice group={group} label={t('allRoles')} isChosen={allRoles === true} onChoose={() => onChange({ allRoles: true })} />
      <Choice group={group} label={t('selectedRoles')} isChosen={allRoles === false} onChoose={() => onChange({ allRoles: false })} />
      {allRoles === false && (
        <div className={classes['inside']}>
          {roleNames.map((role) => (
            <Checkbox key={role} label={t(`role.${role}`)} checked={allowedRoles.includes(role)} onChange={() => toggle(role)} />
          ))}
        </div>
      )}
      {hasFault && (
        <p id={faultId} className={classes['fault']} role="alert">
          {t('fault.allowedRoles')}
        </p>
      )}
    </fieldset>
  );
}
