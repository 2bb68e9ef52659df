/** The form of a provider, made from its schema: name and essentials first, parameters and the rest folded below. */
import { TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { fieldId } from '../form/fields.ts';
import type { ConnectionForm } from '../form/use-connection-form.ts';
import { useFaultText } from './ConfigurationValidator.tsx';
import { CustomAPIConfig } from './CustomAPIConfig.tsx';
import { GeminiConfig } from './GeminiConfig.tsx';
import { OllamaConfig } from './OllamaConfig.tsx';
import { OpenAIConfig } from './OpenAIConfig.tsx';
import { FieldGroups } from './FieldGroups.tsx';

/** Providers whose settings are arranged in a way of their own. */
const arrangements: Readonly<Record<string, (props: { form: ConnectionForm }) => ReactNode>> = {
  openai: OpenAIConfig,
  gemini: GeminiConfig,
  ollama: OllamaConfig,
  custom: CustomAPIConfig,
};

export function ProviderConfig({ form }: { form: ConnectionForm }) {
  const Arrangement = arrangements[form.provider.name] ?? FieldGroups;
  return (
    <>
      <NameField form={form} />
      <Arrangement form={form} />
    </>
  );
}

function NameField({ form }: { form: ConnectionForm }) {
  const t = useTranslations('connections');
  const fault = useFaultText(form.fields, form.faults)('name');
  return (
    <TextInput
      id={fieldId('name')}
      label={t('name')}
      error={fault}
      value={form.values.name}
      onChange={({ currentTarget }) => form.set({ name: currentTarget.value })}
      onBlur={() => form.leave('name')}
      maxLength={255}
      autoComplete="off"
      required
      withAsterisk={false}
    />
  );
}
