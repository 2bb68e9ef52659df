/** The fields of a policy in the order in which one thinks of them: what it says, what it looks for, what is done. */
import { Checkbox, NativeSelect, Switch, Textarea, TextInput } from '@mantine/core';
import { useTranslations } from 'use-intl';
import { ActionField } from './ActionField.tsx';
import { MoreRules } from './MoreRules.tsx';
import classes from './policies.module.css';
import type { FieldsProps, PatternFault } from './field-props.ts';
import { detectors, risks, sides, type Values } from './policy-values.ts';

export function PolicyFields(props: FieldsProps) {
  const t = useTranslations('policies');
  const { values, faults, places, isNew, onChange } = props;
  return (
    <>
      <TextInput
        label={t('name')}
        value={values.name}
        onChange={(event) => onChange({ name: event.currentTarget.value })}
        error={faults.includes('name') ? t('fault.name') : undefined}
        required
        withAsterisk={false}
        maxLength={255}
        autoComplete="off"
      />
      {isNew ? (
        <NativeSelect
          label={t('level')}
          description={t('levelHint')}
          value={values.place}
          onChange={(event) => onChange({ place: event.currentTarget.value })}
          data={[...places]}
        />
      ) : (
        <TextInput
          label={t('level')}
          description={t('levelFixed')}
          value={places.find(({ value }) => value === values.place)?.label ?? ''}
          readOnly
        />
      )}
      <Textarea
        label={t('content')}
        description={t('contentHint')}
        value={values.content}
        onChange={(event) => onChange({ content: event.currentTarget.value })}
        rows={2}
        resize="vertical"
        maxLength={10_000}
      />
      <WordRules {...props} />
      <MoreRules {...props} />
      <ActionField {...props} />
      <div className="pb-pair">
        <NativeSelect
          label={t('risk')}
          description={t('riskHint')}
          value={values.risk}
          onChange={(event) => onChange({ risk: event.currentTarget.value as Values['risk'] })}
          data={risks.map((value) => ({ value, label: t(`riskOf.${value}`) }))}
        />
        <NativeSelect
          label={t('side')}
          description={t('sideHint')}
          value={values.side}
          onChange={(event) => onChange({ side: event.currentTarget.value as Values['side'] })}
          data={sides.map((value) => ({ value, label: t(`sideOf.${value}`) }))}
        />
      </div>
      <Switch
        label={t('activeLabel')}
        description={t('activeHint')}
        checked={values.isActive}
        onChange={({ currentTarget }) => onChange({ isActive: currentTarget.checked })}
      />
    </>
  );
}

function WordRules({ values, faults, patternFaults, onChange }: FieldsProps) {
  const t = useTranslations('policies');
  const toggle = (name: (typeof detectors)[number], isOn: boolean): void =>
    onChange({ personalData: isOn ? [...values.personalData, name] : values.personalData.filter((other) => other !== name) });
  return (
    <>
      <fieldset className="pb-group">
        <legend>{t('personalData')}</legend>
        <p className={classes['hint']}>{t('personalDataHint')}</p>
        <div className={classes['detectors']}>
          {detectors.map((name) => (
            <Checkbox
              key={name}
              label={t(`detector.${name}`)}
              checked={values.personalData.includes(name)}
              onChange={({ currentTarget }) => toggle(name, currentTarget.checked)}
            />
          ))}
        </div>
        {faults.includes('rules') && (
          <p className={classes['fault']} role="alert">
            {t('fault.rules')}
          </p>
        )}
      </fieldset>
      <Textarea
        label={t('keywords')}
        description={t('keywordsHint')}
        value={values.keywords}
        onChange={(event) => onChange({ keywords: event.currentTarget.value })}
        error={faults.includes('keywords') ? t('fault.keywords') : undefined}
        rows={3}
        resize="vertical"
        spellCheck={false}
      />
      <Textarea
        label={t('patterns')}
        description={t('patternsHint')}
        value={values.patterns}
        onChange={(event) => onChange({ patterns: event.currentTarget.value })}
        error={faults.includes('patterns') ? <PatternFaults faults={patternFaults} /> : undefined}
        rows={3}
        resize="vertical"
        spellCheck={false}
        classNames={{ input: classes['code'] ?? '' }}
      />
    </>
  );
}

const faultCodes = ['pattern_too_long', 'pattern_too_large', 'pattern_matches_nothing'] as const;

function PatternFaults({ faults }: { faults: readonly PatternFault[] }) {
  const t = useTranslations('policies');
  const wordsOf = ({ code, detail }: PatternFault): string => {
    const known = faultCodes.find((name) => name === code);
    return known === undefined ? t('patternFault.pattern_syntax', { detail }) : t(`patternFault.${known}`);
  };
  return (
    <>
      {t('fault.patterns')}
      {faults.map((fault) => (
        <span key={fault.number} className={classes['line']}>
          {fault.number}: {wordsOf(fault)}
        </span>
      ))}
    </>
  );
}
