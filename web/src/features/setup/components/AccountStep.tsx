/** The first step of the set-up: who administers this installation. */
import { HttpError } from '@patchbay/client';
import { Button, PasswordInput, TextInput } from '@mantine/core';
import { hasLength, isEmail, isNotEmpty, useForm } from '@mantine/form';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { nameFault } from '../../../lib/name-fault.ts';
import { Notice } from '../../../ui/Notice.tsx';
import { useRunSetup } from '../api/run-setup.ts';

/** As the server counts them. */
const passwordChars = { min: 8, max: 128 };
const fields = ['token', 'name', 'email', 'password'] as const;
type Field = (typeof fields)[number];

function useAccountForm(token: string) {
  return useForm({
    mode: 'uncontrolled',
    initialValues: { token, name: '', email: '', password: '' },
    validate: {
      token: isNotEmpty(true),
      name: nameFault,
      email: isEmail(true),
      password: hasLength(passwordChars, true),
    },
    transformValues: ({ email, name, ...values }) => ({ ...values, email: email.trim(), name: name.trim() }),
  });
}

export function AccountStep({ token, onCreated }: { token: string; onCreated: (tookMs: number) => void }) {
  const t = useTranslations();
  const language = useLocale();
  const run = useRunSetup();
  const form = useAccountForm(token);
  const faults: Record<Field, string> = {
    token: t('setup.tokenFault'),
    name: t('setup.nameFault'),
    email: t('signIn.emailFault'),
    password: t('setup.passwordFault', passwordChars),
  };
  /** What the server objects to is shown at its field, with the focus on the first. */
  const refused = (error: unknown): void => {
    const named = error instanceof HttpError ? fields.filter((field) => field in error.fields) : [];
    form.setErrors(Object.fromEntries(named.map((field) => [field, true])));
    if (named[0]) form.getInputNode(named[0])?.focus();
  };
  const submit = form.onSubmit(
    (values) => run.mutate({ ...values, language }, { onSuccess: ({ tookMs }) => onCreated(tookMs), onError: refused }),
    (found) => form.getInputNode(fields.find((field) => field in found) ?? 'name')?.focus(),
  );
  const common = (field: Field) => ({
    ...form.getInputProps(field),
    error: form.errors[field] ? faults[field] : undefined,
    required: true,
    withAsterisk: false,
  });
  return (
    <form onSubmit={submit} noValidate className="pb-form">
      {run.isError && <Notice tone="bad">{errorText(run.error, language)}</Notice>}
      {token === '' && (
        <TextInput
          {...common('token')}
          key={form.key('token')}
          label={t('setup.token')}
          description={t('setup.tokenHint')}
          autoComplete="off"
        />
      )}
      <TextInput {...common('name')} key={form.key('name')} label={t('setup.name')} autoComplete="name" />
      <TextInput
        {...common('email')}
        key={form.key('email')}
        label={t('signIn.email')}
        type="email"
        autoComplete="username"
        inputMode="email"
        spellCheck={false}
      />
      <PasswordInput
        {...common('password')}
        key={form.key('password')}
        label={t('setup.password')}
        description={t('setup.passwordHint', passwordChars)}
        autoComplete="new-password"
        // The one field that the library does not mark by itself.
        aria-invalid={form.errors['password'] !== undefined}
        visibilityToggleFocusable
        visibilityToggleButtonProps={{ 'aria-label': t('signIn.showPassword') }}
      />
      <Button type="submit" loading={run.isPending} loaderProps={{ 'aria-label': t('setup.creating') }}>
        {t('setup.create')}
      </Button>
    </form>
  );
}
