/** The fields of a use case in the order in which one thinks of them: what it is, who answers, what it knows, who may ask. */
import { Checkbox, NativeSelect, Switch, Textarea, TextInput } from '@mantine/core';
import { useTranslations } from 'use-intl';
import { Fallbacks } from './Fallbacks.tsx';
import { RolesField } from './RolesField.tsx';
import { TemperatureField } from './TemperatureField.tsx';
import classes from './UseCaseFields.module.css';
import type { FieldsProps } from './use-case-values.ts';

/** What every text field of this form has. */
export function useText({ values, faults, onChange }: Pick<FieldsProps, 'values' | 'faults' | 'onChange'>) {
  const t = useTranslations('useCases');
  return (name: 'name' | 'slug' | 'model' | 'systemPrompt' | 'temperature' | 'maxTokens' | 'priority') => ({
    value: values[name],
    onChange: (event: { currentTarget: { value: string } }) => onChange({ [name]: event.currentTarget.value }),
    error: faults.includes(name) ? t(`fault.${name}`) : undefined,
    withAsterisk: false,
    autoComplete: 'off',
  });
}

export function UseCaseFields(props: FieldsProps) {
  const t = useTranslations('useCases');
  const text = useText(props);
  const { values, isNew, onChange } = props;
  return (
    <>
      <TextInput {...text('name')} label={t('name')} required maxLength={255} />
      {isNew && (
        <TextInput
          {...text('slug')}
          label={t('slug')}
          description={t('slugHint', { example: `use-case/${values.slug.trim() || '…'}` })}
          spellCheck={false}
          maxLength={60}
        />
      )}
      <Textarea
        label={t('description')}
        description={t('descriptionHint')}
        value={values.description}
        onChange={(event) => onChange({ description: event.currentTarget.value })}
        rows={2}
        resize="vertical"
        maxLength={2000}
      />
      <ModelFields {...props} />
      <Fallbacks {...props} />
      <Textarea
        {...text('systemPrompt')}
        label={t('systemPrompt')}
        description={t('systemPromptHint')}
        required
        rows={4}
        resize="vertical"
        maxLength={32_000}
      />
      <Textarea
        label={t('baseKnowledge')}
        description={t('baseKnowledgeHint')}
        value={values.baseKnowledge}
        onChange={(event) => onChange({ baseKnowledge: event.currentTarget.value })}
        rows={3}
        resize="vertical"
        maxLength={200_000}
      />
      <TemperatureField {...props} />
      <div className="pb-pair">
        <TextInput {...text('maxTokens')} label={t('maxTokens')} description={t('maxTokensHint')} inputMode="numeric" />
        <TextInput {...text('priority')} label={t('priority')} description={t('priorityHint')} inputMode="numeric" />
      </div>
      <RolesField {...props} />
      <ContextField {...props} />
      <Switch
        label={t('activeLabel')}
        description={t('activeHint')}
        checked={values.isActive}
        onChange={({ currentTarget }) => onChange({ isActive: currentTarget.checked })}
      />
    </>
  );
}

/** Active models; one that was chosen before and is none any more stays in sight, and says so. */
function ModelFields({ values, faults, models, isNew, onChange }: FieldsProps) {
  const t = useTranslations('useCases');
  const text = useText({ values, faults, onChange });
  const offered = models.filter(({ id, isActive }) => isActive || id === values.connectionId);
  const chosen = models.find(({ id }) => id === values.connectionId);
  return (
    <div className="pb-pair">
      <NativeSelect
        label={t('model')}
        description={t('modelHint')}
        required
        withAsterisk={false}
        value={values.connectionId}
        error={faults.includes('connectionId') ? t('fault.connectionId') : undefined}
        onChange={(event) => onChange({ connectionId: event.currentTarget.value })}
      >
        <option value="">{isNew || values.connectionId !== '' || chosen ? t('modelNone') : t('modelGone')}</option>
        {offered.map(({ id, name, isActive }) => (
          <option key={id} value={id}>
            {isActive ? name : t('optionInactive', { name })}
          </option>
        ))}
      </NativeSelect>
      <TextInput
        {...text('model')}
        label={t('variant')}
        description={t('variantHint')}
        placeholder={chosen?.defaultModel ?? ''}
        spellCheck={false}
        maxLength={255}
      />
    </div>
  );
}

function ContextField({ values: { injectContext }, onChange }: FieldsProps) {
  const t = useTranslations('useCases');
  return (
    <fieldset className="pb-group">
      <legend>{t('context')}</legend>
      <p className={classes['hint']}>{t('contextHint')}</p>
      {(['user', 'time', 'page'] as const).map((what) => (
        <Checkbox
          key={what}
          label={t(`inject.${what}`)}
          checked={injectContext[what]}
          onChange={({ currentTarget }) => onChange({ injectContext: { ...injectContext, [what]: currentTarget.checked } })}
        />
      ))}
    </fieldset>
  );
}
