/** Whoever holds an invitation's link chooses a name and a password here, and is in. */
import { Button, PasswordInput, TextInput } from '@mantine/core';
import { hasLength, useForm } from '@mantine/form';
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useLocale, useTranslations } from 'use-intl';
import { client } from '../../../lib/client.ts';
import { errorText } from '../../../lib/error-text.ts';
import { ownZone } from '../../../lib/language.ts';
import { nameFault } from '../../../lib/name-fault.ts';
import { focusFirst, showFaults } from '../../../lib/server-faults.ts';
import { Loading } from '../../../ui/Loading.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import classes from './security.module.css';
import { passwordChars } from './password-chars.ts';

const invitationQuery = (token: string) =>
  queryOptions({
    queryKey: ['invitation', token],
    queryFn: ({ signal }) => client.invitations.look(token, signal),
    gcTime: 0,
    retry: false,
  });

const fields = ['name', 'password'] as const;

export function AcceptInvitation({ token, onAccepted }: { token: string; onAccepted: () => void }) {
  const t = useTranslations('invite');
  const language = useLocale();
  const queryClient = useQueryClient();
  const { data: invitation, error } = useQuery(invitationQuery(token));
  const accept = useMutation({
    gcTime: 0,
    mutationFn: (input: { name: string; password: string }) => client.invitations.accept({ token, ...input, language, ...ownZone() }),
    onSuccess: () => queryClient.clear(),
  });
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { name: '', password: '' },
    validate: { name: nameFault, password: hasLength(passwordChars, true) },
    transformValues: (values) => ({ ...values, name: values.name.trim() }),
  });
  if (error && !invitation) return <Notice tone="bad">{errorText(error, language)}</Notice>;
  if (!invitation) return <Loading />;
  const { email, invitedBy, organization, workspace } = invitation;
  const submit = form.onSubmit(
    (values) => accept.mutate(values, { onSuccess: onAccepted, onError: (fault) => showFaults(form, fields, fault) }),
    (found) => focusFirst(form, fields, found),
  );
  return (
    <form onSubmit={submit} noValidate className="pb-form">
      <p className={classes['text']}>
        {workspace === null ? t('text', { invitedBy, organization }) : t('textInto', { invitedBy, organization, workspace })}
      </p>
      {accept.isError && <Notice tone="bad">{errorText(accept.error, language)}</Notice>}
      <TextInput label={t('email')} value={email} autoComplete="username" readOnly />
      <TextInput
        {...form.getInputProps('name')}
        key={form.key('name')}
        label={t('name')}
        error={form.errors['name'] ? t('nameFault') : undefined}
        autoComplete="name"
        required
        withAsterisk={false}
      />
      <PasswordInput
        {...form.getInputProps('password')}
        key={form.key('password')}
        label={t('password')}
        description={t('passwordHint', passwordChars)}
        error={form.errors['password'] ? t('passwordFault', passwordChars) : undefined}
        aria-invalid={form.errors['password'] !== undefined}
        autoComplete="new-password"
        visibilityToggleFocusable
        visibilityToggleButtonProps={{ 'aria-label': t('showPassword') }}
        required
        withAsterisk={false}
      />
      <Button type="submit" fullWidth loading={accept.isPending} loaderProps={{ 'aria-label': t('saving') }}>
        {t('accept')}
      </Button>
    </form>
  );
}
