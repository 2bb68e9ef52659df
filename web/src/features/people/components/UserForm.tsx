/** What an administrator changes of a person: name, role, and single permissions in the place of the role's. */
import type { User } from '@patchbay/contract/people';
import { Button, Checkbox, NativeSelect, TextInput } from '@mantine/core';
import { isNotEmpty, useForm } from '@mantine/form';
import { useState, type ReactNode } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { showFaults } from '../../../lib/server-faults.ts';
import { Notice } from '../../../ui/Notice.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { useUserDeed } from '../api/people.ts';
import classes from './security.module.css';

const roles = ['user', 'manager', 'administrator'] as const;
type Role = (typeof roles)[number];
const permissions = ['manage_ai_models', 'manage_ai_use_cases', 'use_ai_chat'] as const;
type Permission = (typeof permissions)[number];

/** What the server gives each role where nothing was chosen (D-18). */
const broughtBy: Record<Role, readonly Permission[]> = { user: ['use_ai_chat'], manager: permissions, administrator: permissions };

interface UserFormProps {
  of: User;
  /** The way to what the person was. */
  history: ReactNode;
  onSaved: (name: string) => void;
  onCancel: () => void;
}

export function UserForm({ history, ...form }: UserFormProps) {
  const t = useTranslations('people');
  const { of } = form;
  // Another state that was brought back is another form.
  const state = JSON.stringify([of.name, of.role, of.hasOwnPermissions, of.permissions]);
  return (
    <Panel title={t('editTitle', { name: of.name })} text={of.email} aside={history} takesFocus>
      <Fields key={state} {...form} />
    </Panel>
  );
}

function Fields({ of, onSaved, onCancel }: Omit<UserFormProps, 'history'>) {
  const t = useTranslations('people');
  const language = useLocale();
  const deed = useUserDeed();
  const form = useForm({ mode: 'uncontrolled', initialValues: { name: of.name }, validate: { name: isNotEmpty(true) } });
  const [role, setRole] = useState<Role>(of.role);
  const [chosen, setChosen] = useState<readonly Permission[] | null>(of.hasOwnPermissions ? of.permissions : null);
  const shown = role === 'administrator' ? permissions : (chosen ?? broughtBy[role]);
  const submit = form.onSubmit(
    ({ name }) =>
      deed.mutate(
        { kind: 'change', id: of.id, change: { name: name.trim(), role, permissions: chosen === null ? null : [...chosen] } },
        { onSuccess: () => onSaved(name.trim()), onError: (error) => showFaults(form, ['name'], error) },
      ),
    () => form.getInputNode('name')?.focus(),
  );
  return (
    <form onSubmit={submit} noValidate className="pb-form">
      {deed.isError && <Notice tone="bad">{errorText(deed.error, language)}</Notice>}
      <TextInput
        {...form.getInputProps('name')}
        key={form.key('name')}
        label={t('name')}
        error={form.errors['name'] ? t('nameFault') : undefined}
        required
        withAsterisk={false}
      />
      <NativeSelect label={t('role')} value={role} onChange={(event) => setRole(event.currentTarget.value as Role)}>
        {roles.map((value) => (
          <option key={value} value={value}>
            {t(`houseRole.${value}`)}
          </option>
        ))}
      </NativeSelect>
      <Permissions role={role} shown={shown} isChosen={chosen !== null} onChoose={setChosen} />
      <div className={classes['buttons']}>
        <Button variant="default" onClick={onCancel}>
          {t('cancel')}
        </Button>
        <Button type="submit" loading={deed.isPending} loaderProps={{ 'aria-label': t('saving') }}>
          {t('save')}
        </Button>
      </div>
    </form>
  );
}

interface PermissionsProps {
  role: Role;
  shown: readonly Permission[];
  isChosen: boolean;
  /** Null gives back what the role brings. */
  onChoose: (permissions: readonly Permission[] | null) => void;
}

function Permissions({ role, shown, isChosen, onChoose }: PermissionsProps) {
  const t = useTranslations('people');
  const toggle = (permission: Permission): void =>
    onChoose(shown.includes(permission) ? shown.filter((one) => one !== permission) : [...shown, permission]);
  return (
    <fieldset className={classes['fieldset']}>
      <legend>{t('permissions')}</legend>
      {role === 'administrator' ? (
        <p className={classes['text']}>{t('allPermissions')}</p>
      ) : (
        <div className={classes['checks']}>
          {permissions.map((permission) => (
            <Checkbox
              key={permission}
              label={t(`permission.${permission}`)}
              checked={shown.includes(permission)}
              onChange={() => toggle(permission)}
            />
          ))}
          {isChosen && (
            <div>
              <Button variant="subtle" size="compact-sm" onClick={() => onChoose(null)}>
                {t('rolesOwn')}
              </Button>
            </div>
          )}
        </div>
      )}
    </fieldset>
  );
}
