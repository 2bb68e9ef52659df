/** Changes the own password; every other session ends with it. */
import { Button, PasswordInput } from '@mantine/core';
import { hasLength, isNotEmpty, useForm } from '@mantine/form';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { focusFirst, showFaults } from '../../../lib/server-faults.ts';
import { Notice } from '../../../ui/Notice.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { useChangePassword } from '../api/security.ts';
import { passwordChars } from './password-chars.ts';

const fields = ['currentPassword', 'newPassword'] as const;

export function PasswordForm({ email }: { email: string }) {
  const t = useTranslations('security');
  const language = useLocale();
  const change = useChangePassword();
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { currentPassword: '', newPassword: '' },
    validate: { currentPassword: isNotEmpty(true), newPassword: hasLength(passwordChars, true) },
  });
  const submit = form.onSubmit(
    (values) => change.mutate(values, { onSuccess: () => form.reset(), onError: (error) => showFaults(form, fields, error) }),
    (found) => focusFirst(form, fields, found),
  );
  const faults = { currentPassword: t('currentFault'), newPassword: t('newFault', passwordChars) };
  const common = (field: (typeof fields)[number]) => ({
    ...form.getInputProps(field),
    key: form.key(field),
    error: form.errors[field] ? faults[field] : undefined,
    // The one field that the library does not mark by itself.
    'aria-invalid': form.errors[field] !== undefined,
    visibilityToggleFocusable: true,
    required: true,
    withAsterisk: false,
  });
  return (
    <Panel title={t('password')} text={t('passwordText')}>
      <form onSubmit={submit} noValidate className="pb-form">
        {change.isError && Object.keys(form.errors).length === 0 && <Notice tone="bad">{errorText(change.error, language)}</Notice>}
        {change.isSuccess && (
          <Notice tone="info">
            <output>{t('passwordChanged')}</output>
          </Notice>
        )}
        {/* Password managers look for whom a password is. */}
        <input type="text" name="username" autoComplete="username" value={email} readOnly hidden />
        <PasswordInput
          {...common('currentPassword')}
          label={t('current')}
          autoComplete="current-password"
          visibilityToggleButtonProps={{ 'aria-label': t('showCurrent') }}
        />
        <PasswordInput
          {...common('newPassword')}
          label={t('new')}
          description={t('newHint', passwordChars)}
          autoComplete="new-password"
          visibilityToggleButtonProps={{ 'aria-label': t('showNew') }}
        />
        <div>
          <Button type="submit" loading={change.isPending} loaderProps={{ 'aria-label': t('saving') }}>
            {t('changePassword')}
          </Button>
        </div>
      </form>
    </Panel>
  );
}
