/** The fields of the panel: connection and model first, then what everybody knows, the rest folded away. */
import type { AiConnection } from '@patchbay/contract/ai-connections';
import { useQuery } from '@tanstack/react-query';
import { useId } from 'react';
import { useTranslations } from 'use-intl';
import { chatModelsQuery } from '../api/models.ts';
import { UseCaseField } from './UseCaseField.tsx';
import { advancedNumbers, basicNumbers, chunkSize, efforts, flags, type Faults, type FormValues, type NumberSpec } from './fields.ts';
import { Field } from './Field.tsx';
import classes from './LLMSettings.module.css';

export interface SettingsFieldsProps {
  values: FormValues;
  faults: Faults;
  /** Sentences of the server, by field. */
  refused: Readonly<Record<string, string>>;
  connections: readonly AiConnection[];
  defaultName: string | null;
  onChange: (part: Partial<FormValues>) => void;
}

export function SettingsFields(props: SettingsFieldsProps) {
  const t = useTranslations('chat');
  const { values, faults, refused, onChange } = props;
  const numbers = (specs: readonly NumberSpec[]) =>
    specs.map((spec) => (
      <Field key={spec.key} label={<code>{spec.name}</code>} fault={refused[spec.key] ?? faults[spec.key]}>
        {(control) => (
          <input
            {...control}
            className={classes['input']}
            inputMode="decimal"
            autoComplete="off"
            placeholder={`${spec.min} … ${spec.max}`}
            value={values.numbers[spec.key]}
            onChange={(event) => onChange({ numbers: { ...values.numbers, [spec.key]: event.currentTarget.value } })}
          />
        )}
      </Field>
    ));
  return (
    <>
      <UseCaseField {...props} />
      {values.useCaseId === '' && (
        <>
          <ConnectionField {...props} />
          <ModelField {...props} />
        </>
      )}
      <Field label={t('systemPrompt')} fault={refused['systemPrompt']}>
        {(control) => (
          <textarea
            {...control}
            className={classes['area']}
            rows={3}
            maxLength={32_000}
            value={values.systemPrompt}
            onChange={(event) => onChange({ systemPrompt: event.currentTarget.value })}
          />
        )}
      </Field>
      <p className={classes['hint']}>{t('emptyMeans')}</p>
      <div className={classes['pair']}>{numbers(basicNumbers)}</div>
      <details className={classes['more']}>
        <summary>{t('advanced')}</summary>
        <div className={classes['inside']}>
          <AdvancedFields {...props} />
          <div className={classes['pair']}>{numbers([chunkSize, ...advancedNumbers])}</div>
        </div>
      </details>
    </>
  );
}

function ConnectionField({ values, refused, connections, defaultName, onChange }: SettingsFieldsProps) {
  const t = useTranslations('chat');
  const known = connections.filter(({ scope }) => scope !== 'environment');
  const stateOf = ({ isActive, testStatus }: AiConnection): string =>
    !isActive ? t('isInactive') : testStatus === 'failed' ? t('isFailing') : '';
  const isGone = values.connectionId !== '' && !known.some(({ id }) => id === values.connectionId);
  return (
    <Field label={t('connection')} fault={refused['connectionId']}>
      {(control) => (
        <select
          {...control}
          className={classes['input']}
          value={values.connectionId}
          onChange={(event) => onChange({ connectionId: event.currentTarget.value })}
        >
          <option value="">{defaultName === null ? t('useDefault') : t('useDefaultNamed', { name: defaultName })}</option>
          {known.map((connection) => (
            <option key={connection.id} value={connection.id}>
              {connection.name}
              {stateOf(connection) === '' ? '' : ` (${stateOf(connection)})`}
            </option>
          ))}
          {isGone && <option value={values.connectionId}>{t('goneOption')}</option>}
        </select>
      )}
    </Field>
  );
}

/** Most suggestions that the page carries; typing narrows them, and any other id is taken as well. */
const suggestionsMax = 500;

function ModelField({ values, refused, connections, onChange }: SettingsFieldsProps) {
  const t = useTranslations('chat');
  const listId = useId();
  const models = useQuery(chatModelsQuery(values.connectionId === '' ? null : values.connectionId));
  const own = connections.find(({ id }) => id === values.connectionId)?.defaultModel;
  return (
    <Field label={t('model')} hint={t('modelHint')} fault={refused['model']}>
      {(control) => (
        <>
          <input
            {...control}
            className={classes['input']}
            list={listId}
            autoComplete="off"
            spellCheck={false}
            maxLength={255}
            placeholder={own ?? ''}
            value={values.model}
            onChange={(event) => onChange({ model: event.currentTarget.value })}
          />
          <datalist id={listId}>
            {(models.data ?? []).slice(0, suggestionsMax).map(({ value, label }) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}

function AdvancedFields({ values, faults, refused, onChange }: SettingsFieldsProps) {
  const t = useTranslations('chat');
  const choice = (key: 'stream' | 'reasoningTags' | 'useMmap' | 'useMlock', label: string, none: string, isCode = false) => (
    <Field key={key} label={isCode ? <code>{label}</code> : label}>
      {(control) => (
        <select
          {...control}
          className={classes['input']}
          value={values[key]}
          onChange={(event) => onChange({ [key]: event.currentTarget.value as '' | 'yes' | 'no' })}
        >
          <option value="">{none}</option>
          <option value="yes">{t('yes')}</option>
          <option value="no">{t('no')}</option>
        </select>
      )}
    </Field>
  );
  const area = (key: 'stop' | 'logitBias' | 'parameters', label: string, hint: string, isCode = true) => (
    <Field label={isCode ? <code>{label}</code> : label} hint={hint} fault={refused[key] ?? faults[key]}>
      {(control) => (
        <textarea
          {...control}
          className={classes['area']}
          data-code
          rows={2}
          spellCheck={false}
          value={values[key]}
          onChange={(event) => onChange({ [key]: event.currentTarget.value })}
        />
      )}
    </Field>
  );
  return (
    <>
      {choice('stream', t('stream'), t('streamDefault'))}
      {choice('reasoningTags', t('reasoningTags'), t('tagsDefault'))}
      <Field label={<code>reasoning_effort</code>}>
        {(control) => (
          <select
            {...control}
            className={classes['input']}
            value={values.reasoningEffort}
            onChange={(event) => onChange({ reasoningEffort: event.currentTarget.value })}
          >
            <option value="">{t('notSet')}</option>
            {efforts.map((effort) => (
              <option key={effort}>{effort}</option>
            ))}
          </select>
        )}
      </Field>
      {area('stop', 'stop', t('stopHint'))}
      {area('logitBias', 'logit_bias', t('biasHint'))}
      {flags.map(({ key, name }) => choice(key, name, t('notSet'), true))}
      {area('parameters', t('parameters'), t('parametersHint'), false)}
    </>
  );
}
