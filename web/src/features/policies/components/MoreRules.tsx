/** Rules that few policies have: models, lengths, attachments, tools, and a model that judges. Folded away until one of them is set. */
import { Checkbox, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import classes from './policies.module.css';
import type { FieldsProps } from './field-props.ts';
import { kinds, newValues, type Kind, type Values } from './policy-values.ts';

const folded = ['models', 'promptTokensMax', 'outputTokensMax', 'attachmentsMax', 'attachmentMegabytesMax', 'attachmentKinds', 'tools', 'toolsMax', 'isToolSchemaRequired', 'judgeConnectionId'] as const; // prettier-ignore
const isSet = (values: Values): boolean => folded.some((name) => values[name] !== newValues[name]);

export function MoreRules(props: FieldsProps) {
  const t = useTranslations('policies');
  const [isOpen, setOpen] = useState(() => isSet(props.values));
  return (
    <details className={classes['more']} open={isOpen} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{t('moreRules')}</summary>
      <div className={classes['inside']}>
        <Lengths {...props} />
        <Attachments {...props} />
        <Tools {...props} />
        <JudgeField {...props} />
      </div>
    </details>
  );
}

type TextName = 'models' | 'promptTokensMax' | 'outputTokensMax' | 'attachmentsMax' | 'attachmentMegabytesMax' | 'tools' | 'toolsMax';

function useText({ values, faults, onChange }: FieldsProps) {
  const t = useTranslations('policies');
  return (name: TextName) => ({
    label: t(name),
    value: values[name],
    onChange: (event: { currentTarget: { value: string } }) => onChange({ [name]: event.currentTarget.value }),
    error: name !== 'models' && name !== 'tools' && faults.includes(name) ? t('fault.count') : undefined,
    autoComplete: 'off',
    spellCheck: false,
  });
}

function Lengths(props: FieldsProps) {
  const t = useTranslations('policies');
  const text = useText(props);
  return (
    <>
      <Textarea
        {...text('models')}
        description={t('modelsHint')}
        rows={2}
        resize="vertical"
        classNames={{ input: classes['code'] ?? '' }}
      />
      <div className="pb-pair">
        <TextInput {...text('promptTokensMax')} inputMode="numeric" />
        <TextInput {...text('outputTokensMax')} inputMode="numeric" />
      </div>
    </>
  );
}

function Attachments(props: FieldsProps) {
  const t = useTranslations('policies');
  const text = useText(props);
  const { values, onChange } = props;
  const chosen = values.attachmentKinds ?? kinds;
  const toggle = (kind: Kind, isOn: boolean): void => {
    const next = kinds.filter((one) => (one === kind ? isOn : chosen.includes(one)));
    onChange({ attachmentKinds: next.length === kinds.length ? null : next });
  };
  return (
    <>
      <div className="pb-pair">
        <TextInput {...text('attachmentsMax')} inputMode="numeric" />
        <TextInput {...text('attachmentMegabytesMax')} inputMode="decimal" />
      </div>
      <fieldset className="pb-group">
        <legend>{t('attachmentKinds')}</legend>
        <div className={classes['detectors']}>
          {kinds.map((kind) => (
            <Checkbox
              key={kind}
              label={t(`kind.${kind}`)}
              checked={chosen.includes(kind)}
              onChange={({ currentTarget }) => toggle(kind, currentTarget.checked)}
            />
          ))}
        </div>
      </fieldset>
    </>
  );
}

function Tools(props: FieldsProps) {
  const t = useTranslations('policies');
  const text = useText(props);
  const { values, onChange } = props;
  return (
    <>
      <Textarea {...text('tools')} description={t('toolsHint')} rows={2} resize="vertical" classNames={{ input: classes['code'] ?? '' }} />
      <TextInput {...text('toolsMax')} inputMode="numeric" />
      <Checkbox
        label={t('isToolSchemaRequired')}
        description={t('isToolSchemaRequiredHint')}
        checked={values.isToolSchemaRequired}
        onChange={({ currentTarget }) => onChange({ isToolSchemaRequired: currentTarget.checked })}
      />
    </>
  );
}

function JudgeField({ values, faults, judges, onChange }: FieldsProps) {
  const t = useTranslations('policies');
  const choose = (id: string): void =>
    onChange({
      judgeConnectionId: id,
      judgeModel: id === '' ? '' : values.judgeModel || (judges.find((judge) => judge.id === id)?.model ?? ''),
    });
  const isKnown = values.judgeConnectionId === '' || judges.some(({ id }) => id === values.judgeConnectionId);
  return (
    <div className="pb-pair">
      <NativeSelect
        label={t('judge')}
        description={t('judgeHint')}
        value={values.judgeConnectionId}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        <option value="">{t('judgeNone')}</option>
        {!isKnown && <option value={values.judgeConnectionId}>{t('judgeGone')}</option>}
        {judges.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </NativeSelect>
      <TextInput
        label={t('judgeModel')}
        description={t('judgeModelHint')}
        value={values.judgeModel}
        error={faults.includes('judgeModel') ? t('fault.judgeModel') : undefined}
        onChange={(event) => onChange({ judgeModel: event.currentTarget.value })}
        spellCheck={false}
        autoComplete="off"
        maxLength={255}
      />
    </div>
  );
}
