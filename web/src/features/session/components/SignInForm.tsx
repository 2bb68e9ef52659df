/** The sign-in form: takes pasted passwords and password managers, says what is wrong at the field that is wrong. */
import { Button, Checkbox, PasswordInput, TextInput } from '@mantine/core';
import { isEmail, isNotEmpty, useForm } from '@mantine/form';
import { useEffect } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { Notice } from '../../../ui/Notice.tsx';
import { useSignIn } from '../api/sign-in.ts';

interface SignInFormProps {
  /** Who is expected: the focus is on the password then. */
  email?: string;
  /** Why the form is here again. */
  notice?: string | null;
  onSignedIn: () => void;
  /** The password was right, and a second factor must follow. */
  onSecondStep: () => void;
}

export function SignInForm({ email = '', notice = null, onSignedIn, onSecondStep }: SignInFormProps) {
  const t = useTranslations('signIn');
  const language = useLocale();
  const signIn = useSignIn();
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { email, password: '', rememberMe: true },
    validate: { email: isEmail(true), password: isNotEmpty(true) },
    transformValues: (values) => ({ ...values, email: values.email.trim() }),
  });
  const { getInputNode } = form;
  useEffect(() => {
    if (email !== '') getInputNode('password')?.focus();
  }, [email, getInputNode]);
  // A form keeps that a field is wrong, the page says it in the language of the moment.
  const faults = { email: t('emailFault'), password: t('passwordFault') };
  const faultOf = (field: 'email' | 'password'): string | undefined => (form.errors[field] ? faults[field] : undefined);
  const submit = form.onSubmit(
    (values) => signIn.mutate(values, { onSuccess: ({ secondFactor }) => (secondFactor ? onSecondStep() : onSignedIn()) }),
    (faults) => form.getInputNode(Object.keys(faults)[0] ?? 'email')?.focus(),
  );
  return (
    <form onSubmit={submit} noValidate className="pb-form">
      {notice !== null && !signIn.isError && <Notice tone="bad">{notice}</Notice>}
      {signIn.isError && <Notice tone="bad">{errorText(signIn.error, language)}</Notice>}
      <TextInput
        {...form.getInputProps('email')}
        key={form.key('email')}
        label={t('email')}
        error={faultOf('email')}
        type="email"
        autoComplete="username"
        inputMode="email"
        spellCheck={false}
        required
        withAsterisk={false}
      />
      <PasswordInput
        {...form.getInputProps('password')}
        key={form.key('password')}
        label={t('password')}
        error={faultOf('password')}
        autoComplete="current-password"
        // The one field that the library does not mark by itself.
        aria-invalid={faultOf('password') !== undefined}
        visibilityToggleFocusable
        visibilityToggleButtonProps={{ 'aria-label': t('showPassword') }}
        required
        withAsterisk={false}
      />
      <Checkbox {...form.getInputProps('rememberMe', { type: 'checkbox' })} key={form.key('rememberMe')} label={t('remember')} />
      <Button type="submit" fullWidth loading={signIn.isPending} loaderProps={{ 'aria-label': t('submitting') }}>
        {t('submit')}
      </Button>
    </form>
  );
}
