/** What an administrator changes of a person: name, role, and single permissions in the place of the role's. */
import type { User } from '@patchbay/contract/people';
import { Button, Checkbox, NativeSelect, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState, type ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { nameFault } from '../../../lib/name-fault.ts';
import { showFaults } from '../../../lib/server-faults.ts';
import { FormEnd } from '../../../ui/FormEnd.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { Refusal } from '../../../ui/Refusal.tsx';
import { useUserDeed, type UserChange } from '../api/people.ts';
import classes from './security.module.css';

const roles = ['user', 'manager', 'administrator'] as const;
type Role = (typeof roles)[number];
const permissions = ['manage_ai_models', 'manage_ai_use_cases', 'use_ai_chat'] as const;
type Permission = (typeof permissions)[number];

/** What the server gives each role where nothing was chosen (D-18). */
const broughtBy: Record<Role, readonly Permission[]> = { user: ['use_ai_chat'], manager: permissions, administrator: permissions };

const areSame = (a: readonly Permission[] | null, b: readonly Permission[] | null): boolean =>
  a === b || (a !== null && b !== null && a.length === b.length && a.every((one) => b.includes(one)));

/** Only what was changed here: somebody else may have changed the rest since, and not for this to be taken back. */
function changeOf(of: User, name: string, role: Role, chosen: readonly Permission[] | null): UserChange {
  const isOtherRole = role !== of.role;
  const isOtherChoice = !areSame(chosen, of.hasOwnPermissions ? of.permissions : null);
  return {
    ...(name !== of.name && { name }),
    ...(isOtherRole && { role }),
    // With another role what stands here is sent, too: what was once chosen, and slept while an administrator, would be good again.
    ...((isOtherRole || isOtherChoice) && { permissions: chosen === null ? null : [...chosen] }),
  };
}

interface UserFormProps {
  of: User;
  /** The way to what the person was. */
  history: ReactNode;
  onSaved: (name: string) => void;
  /** Takes what somebody else has made of the person meanwhile. */
  onReload: (current: User) => void;
  onCancel: () => void;
}

export function UserForm({ history, onReload, ...form }: UserFormProps) {
  const t = useTranslations('people');
  const { of } = form;
  const [reloads, setReloads] = useState(0);
  const reload = (current: User): void => {
    // The button that had the focus goes with what it is about: the form opens anew.
    setReloads(reloads + 1);
    onReload(current);
  };
  // Another state, brought back or somebody else's, is another form.
  return (
    <Panel key={reloads} title={t('editTitle', { name: of.name })} text={of.email} aside={history} takesFocus>
      <Fields key={of.revision} {...form} onReload={reload} />
    </Panel>
  );
}

function Fields({ of, onSaved, onReload, onCancel }: Omit<UserFormProps, 'history'>) {
  const t = useTranslations('people');
  const conflict = useTranslations('conflict');
  const deed = useUserDeed();
  const form = useForm({ mode: 'uncontrolled', initialValues: { name: of.name }, validate: { name: nameFault } });
  const [role, setRole] = useState<Role>(of.role);
  const [chosen, setChosen] = useState<readonly Permission[] | null>(of.hasOwnPermissions ? of.permissions : null);
  const shown = role === 'administrator' ? permissions : (chosen ?? broughtBy[role]);
  const submit = form.onSubmit(
    (values) => {
      const name = values.name.trim();
      const change = changeOf(of, name, role, chosen);
      if (Object.keys(change).length === 0) return onCancel();
      deed.mutate(
        { kind: 'change', id: of.id, change: { ...change, revision: of.revision } },
        { onSuccess: () => onSaved(name), onError: (error) => showFaults(form, ['name'], error) },
      );
    },
    () => form.getInputNode('name')?.focus(),
  );
  return (
    <form onSubmit={submit} noValidate className="pb-form">
      {deed.isError && <Refusal error={deed.error} loadLabel={conflict('reload')} onLoad={onReload} />}
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
      <FormEnd cancelLabel={t('cancel')} onCancel={onCancel} saveLabel={t('save')} savingLabel={t('saving')} isPending={deed.isPending} />
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
