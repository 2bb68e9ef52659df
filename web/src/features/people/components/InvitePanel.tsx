/** Invites somebody by a link that is shown once: to the installation, or into one workspace. */
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { isEmail, useForm } from '@mantine/form';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { basePath } from '../../../lib/page.ts';
import { showFaults } from '../../../lib/server-faults.ts';
import { CancelButton } from '../../../ui/CancelButton.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { SecretAwaited } from '../../../ui/SecretAwaited.tsx';
import { useInvite, type MemberRole } from '../api/people.ts';
import classes from './security.module.css';

interface InvitePanelProps {
  /** The workspace that people are invited into; null for the installation. */
  workspace: { id: string; name: string } | null;
  onInvited: (link: string) => void;
  /** The person has an account already, and is a member now. */
  onAdded: (name: string) => void;
  onCancel: () => void;
}

const workspaceRoles = ['READ', 'WRITE', 'ADMIN'] as const;
const houseRoles = ['user', 'manager', 'administrator'] as const;
type HouseRole = (typeof houseRoles)[number];
const days = ['1', '7', '30'] as const;

const linkOf = (token: string): string => new URL(`invite/${token}`, new URL(basePath, location.origin)).href;

export function InvitePanel({ workspace, onInvited, onAdded, onCancel }: InvitePanelProps) {
  const t = useTranslations('people');
  const language = useLocale();
  const invite = useInvite(({ invitation, added }) => {
    if (added) onAdded(added.name);
    else if (invitation) onInvited(linkOf(invitation.token));
  });
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { email: '', place: workspace === null ? 'user' : 'WRITE', days: '7' },
    validate: { email: isEmail(true) },
    transformValues: (values) => ({ ...values, email: values.email.trim() }),
  });
  const submit = form.onSubmit(
    (values) => {
      const place =
        workspace === null ? { role: values.place as HouseRole } : { workspaceId: workspace.id, workspaceRole: values.place as MemberRole };
      invite.mutate(
        { email: values.email, days: Number(values.days), ...place },
        { onError: (error) => showFaults(form, ['email'], error) },
      );
    },
    () => form.getInputNode('email')?.focus(),
  );
  return (
    <Panel title={workspace === null ? t('inviteTitle') : t('inviteInto', { name: workspace.name })} text={t('inviteText')} takesFocus>
      <form onSubmit={submit} noValidate className="pb-form">
        <SecretAwaited isPending={invite.isPending} label={t('link')} />
        {invite.isError && <Notice tone="bad">{errorText(invite.error, language)}</Notice>}
        <TextInput
          {...form.getInputProps('email')}
          key={form.key('email')}
          label={t('email')}
          error={form.errors['email'] ? t('emailFault') : undefined}
          type="email"
          inputMode="email"
          autoComplete="off"
          spellCheck={false}
          required
          withAsterisk={false}
        />
        <NativeSelect {...form.getInputProps('place')} key={form.key('place')} label={t('role')}>
          {workspace === null ? <HouseRoles /> : <MemberRoles />}
        </NativeSelect>
        <NativeSelect {...form.getInputProps('days')} key={form.key('days')} label={t('linkGood')}>
          {days.map((value) => (
            <option key={value} value={value}>
              {t(`days.${value}`)}
            </option>
          ))}
        </NativeSelect>
        <div className={classes['buttons']}>
          <CancelButton label={t('cancel')} isPending={invite.isPending} onCancel={onCancel} />
          <Button type="submit" loading={invite.isPending} loaderProps={{ 'aria-label': t('saving') }}>
            {t('invite')}
          </Button>
        </div>
      </form>
    </Panel>
  );
}

function HouseRoles() {
  const t = useTranslations('people');
  return houseRoles.map((role) => (
    <option key={role} value={role}>
      {t(`houseRole.${role}`)}
    </option>
  ));
}

function MemberRoles() {
  const t = useTranslations('people');
  return workspaceRoles.map((role) => (
    <option key={role} value={role}>
      {t(`roleMeaning.${role}`)}
    </option>
  ));
}
