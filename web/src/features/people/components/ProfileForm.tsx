/** Name, language and time zone of the person who is signed in. */
import type { Me } from '@patchbay/contract/people';
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useEffect, useRef } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { nameFault } from '../../../lib/name-fault.ts';
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
  /** Only what was changed here. */
  onSave: (change: Partial<ProfileInput>, onRefused: (error: unknown) => void) => void;
}

/** UTC is in no browser's list, and is where everybody begins. */
function zonesWith(own: string): string[] {
  const known = Intl.supportedValuesOf('timeZone');
  return [...new Set(['UTC', own, ...known])].toSorted();
}

const fields = ['name', 'language', 'timeZone'] as const;

/** The fields of `values` that differ from those of the person. */
const differing = (values: ProfileInput, me: ProfileInput): Partial<ProfileInput> =>
  Object.fromEntries(fields.filter((field) => values[field] !== me[field]).map((field) => [field, values[field]]));

export function ProfileForm({ me, isPending, isSaved, error, onSave }: ProfileFormProps) {
  const t = useTranslations('profile');
  const language = useLocale();
  const form = useForm<ProfileInput>({
    mode: 'uncontrolled',
    initialValues: { name: me.name, language: me.language, timeZone: me.timeZone },
    validate: { name: nameFault },
    transformValues: (values) => ({ ...values, name: values.name.trim() }),
  });
  const { getValues, setFieldValue } = form;
  const shown = useRef<ProfileInput>(me);
  useEffect(() => {
    // What was chosen elsewhere meanwhile, such as the language in the panel of the account, is shown where nobody has touched it here.
    const before = shown.current;
    shown.current = me;
    for (const field of fields) if (me[field] !== before[field] && getValues()[field] === before[field]) setFieldValue(field, me[field]);
  }, [me, getValues, setFieldValue]);
  const submit = form.onSubmit(
    (values) => onSave(differing(values, me), (fault) => showFaults(form, ['name', 'timeZone'], fault)),
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
