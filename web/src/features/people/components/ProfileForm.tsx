/** Name, language and time zone of the person who is signed in. */
import type { Me } from '@patchbay/contract/people';
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { isNotEmpty, useForm } from '@mantine/form';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { showFaults } from '../../../lib/server-faults.ts';
import { Notice } from '../../../ui/Notice.tsx';

export interface ProfileInput {
  name: string;
  language: 'en' | 'id';
  timeZone: string;
}

interface ProfileFormProps {
  me: Me;
  isPending: boolean;
  isSaved: boolean;
  error: unknown;
  onSave: (input: ProfileInput, onRefused: (error: unknown) => void) => void;
}

/** UTC is in no browser's list, and is where everybody begins. */
function zonesWith(own: string): string[] {
  const known = Intl.supportedValuesOf('timeZone');
  return [...new Set(['UTC', own, ...known])].toSorted();
}

export function ProfileForm({ me, isPending, isSaved, error, onSave }: ProfileFormProps) {
  const t = useTranslations('profile');
  const language = useLocale();
  const form = useForm<ProfileInput>({
    mode: 'uncontrolled',
    initialValues: { name: me.name, language: me.language, timeZone: me.timeZone },
    validate: { name: isNotEmpty(true) },
    transformValues: (values) => ({ ...values, name: values.name.trim() }),
  });
  const submit = form.onSubmit(
    (values) => onSave(values, (fault) => showFaults(form, ['name', 'timeZone'], fault)),
    () => form.getInputNode('name')?.focus(),
  );
  return (
    <form onSubmit={submit} noValidate className="pb-form">
      {error !== null && <Notice tone="bad">{errorText(error, language)}</Notice>}
      <TextInput
        {...form.getInputProps('name')}
        key={form.key('name')}
        label={t('name')}
        error={form.errors['name'] ? t('nameFault') : undefined}
        autoComplete="name"
        required
        withAsterisk={false}
      />
      <TextInput label={t('email')} description={t('emailHint')} value={me.email} readOnly />
      <NativeSelect {...form.getInputProps('language')} key={form.key('language')} label={t('language')}>
        <option value="en">English</option>
        <option value="id">Bahasa Indonesia</option>
      </NativeSelect>
      <NativeSelect {...form.getInputProps('timeZone')} key={form.key('timeZone')} label={t('timeZone')} description={t('timeZoneHint')}>
        {zonesWith(me.timeZone).map((zone) => (
          <option key={zone}>{zone}</option>
        ))}
      </NativeSelect>
      <div>
        <Button type="submit" loading={isPending} loaderProps={{ 'aria-label': t('saving') }}>
          {t('save')}
        </Button>{' '}
        <output>{isSaved && !isPending ? t('saved') : ''}</output>
      </div>
    </form>
  );
}
