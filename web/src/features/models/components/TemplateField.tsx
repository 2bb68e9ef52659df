/** Starting points for a new connection: a press on one fills in model, address and parameters, and keeps name and key. */
import { NativeSelect } from '@mantine/core';
import type { Template } from '@patchbay/contract/providers';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { useProviderTemplates } from '../api/provider-templates.ts';
import type { ConnectionForm } from '../form/use-connection-form.ts';
import { withTemplate } from '../form/values.ts';

export function TemplateField({ form, begins }: { form: ConnectionForm; begins: string }) {
  const t = useTranslations('form');
  const { data: templates = [] } = useProviderTemplates(form.provider.name);
  const [chosen, setChosen] = useState(begins);
  if (templates.length === 0) return null;
  const nameOf = ({ name, description }: Template): string => (description === null ? name : `${name}: ${description}`);
  const apply = (id: string): void => {
    setChosen(id);
    const template = templates.find((one) => one.id === id);
    if (template) form.set(withTemplate(form.values, template.configuration, form.fields));
  };
  return (
    <NativeSelect
      label={t('template')}
      value={chosen}
      data={[{ value: '', label: t('templateNone') }, ...templates.map((template) => ({ value: template.id, label: nameOf(template) }))]}
      onChange={({ currentTarget }) => apply(currentTarget.value)}
    />
  );
}
