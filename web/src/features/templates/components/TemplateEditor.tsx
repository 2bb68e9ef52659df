/** A template while it is written: the form on the left, the same settings as JSON on the right; either changes both. */
import { HttpError } from '@patchbay/client';
import type { Provider, Template } from '@patchbay/contract/providers';
import { Checkbox, InputBase, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useId, useRef, useState, type SubmitEvent } from 'react';
import { useTranslations } from 'use-intl';
import { focusFault } from '../../../lib/focus.ts';
import { Failure } from '../../../ui/Failure.tsx';
import { FormEnd } from '../../../ui/FormEnd.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Refusal } from '../../../ui/Refusal.tsx';
import { schemaQuery, useAddTemplate, useReplaceTemplate } from '../api/templates.ts';
import { templateFieldsOf, type TemplateField } from './schema-fields.ts';
import { SettingField } from './SettingField.tsx';
import { at, changedJson, faultsOf, inputOf, treeOf, valuesOf, type Values } from './template-values.ts';
import classes from './templates.module.css';

interface TemplateEditorProps {
  provider: Provider;
  organization: string;
  /** The template that is changed; null for a new one. */
  of: Template | null;
  initial: Values;
  onSaved: (name: string) => void;
  onCancel: () => void;
}

/** What the server refused, by path, with its own words where the page has none. */
const refusedOf = (error: unknown): ReadonlyMap<string, string> =>
  new Map(error instanceof HttpError ? Object.entries(error.fields).map(([path, { message }]) => [path, message]) : []);

function useSaving({ provider, of, onSaved }: TemplateEditorProps) {
  // What was read when the form opened is what the change is made from.
  const [base, setBase] = useState(of);
  const add = useAddTemplate(provider.name);
  const replace = useReplaceTemplate(provider.name);
  const save = (values: Values, onError: () => void): void => {
    const after = { onSuccess: ({ name }: Template) => onSaved(name), onError };
    if (base === null) add.mutate({ provider: provider.name, ...inputOf(values) }, after);
    else replace.mutate({ id: base.id, input: { ...inputOf(values), revision: base.revision ?? undefined } }, after);
  };
  return { save, setBase, error: (base === null ? add : replace).error, isPending: add.isPending || replace.isPending };
}

export function TemplateEditor(props: TemplateEditorProps) {
  const { data, error, refetch } = useQuery(schemaQuery(props.provider.name));
  if (!data && error) return <Failure error={error} organization={props.organization} onRetry={() => void refetch()} />;
  if (!data) return <Loading isAsked />;
  return <Editor {...props} fields={templateFieldsOf(data.fields)} />;
}

function Editor({ fields, ...props }: TemplateEditorProps & { fields: readonly TemplateField[] }) {
  const t = useTranslations('templates');
  const form = useRef<HTMLFormElement>(null);
  const [values, setValues] = useState(props.initial);
  const [found, setFound] = useState<readonly string[]>([]);
  const saving = useSaving(props);
  const refused = refusedOf(saving.error);
  const put = (part: Partial<Values>): void => setValues((before) => ({ ...before, ...part }));
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const faults = faultsOf(values);
    setFound(faults);
    const focus = (): void => focusFault(form);
    if (faults.length > 0) return focus();
    saving.save(values, focus);
  };
  const isNamed = refused.size > 0;
  const load = (current: Template): void => {
    saving.setBase(current);
    setValues(valuesOf(current));
  };
  return (
    <form ref={form} className={classes['editor']} onSubmit={submit} noValidate autoComplete="off">
      <div className={`pb-form ${classes['form']}`}>
        {saving.error !== null && !isNamed && <Refusal error={saving.error} loadLabel={t('conflictLoad')} onLoad={load} />}
        <TextInput
          label={t('name')}
          withAsterisk
          value={values.name}
          error={found.includes('name') || refused.has('name') ? t('fault.name') : undefined}
          onChange={({ currentTarget }) => put({ name: currentTarget.value })}
          maxLength={255}
        />
        <TextInput
          label={t('description')}
          description={t('descriptionHint')}
          value={values.description}
          onChange={({ currentTarget }) => put({ description: currentTarget.value })}
          maxLength={2000}
        />
        <Checkbox
          label={t('isDefault', { provider: props.provider.displayName })}
          description={t('isDefaultHint')}
          checked={values.isDefault}
          onChange={({ currentTarget }) => put({ isDefault: currentTarget.checked })}
        />
        <Settings fields={fields} json={values.json} refused={refused} onChange={(json) => put({ json })} />
        <FormEnd
          cancelLabel={t('cancel')}
          onCancel={props.onCancel}
          saveLabel={t('save')}
          savingLabel={t('saving')}
          isPending={saving.isPending}
        />
      </div>
      <JsonSide json={values.json} isWrong={found.includes('configuration')} refused={refused} onChange={(json) => put({ json })} />
    </form>
  );
}

interface SideProps {
  json: string;
  refused: ReadonlyMap<string, string>;
  onChange: (json: string) => void;
}

function Settings({ fields, json, refused, onChange }: SideProps & { fields: readonly TemplateField[] }) {
  const t = useTranslations('templates');
  const tree = treeOf(json);
  const id = useId();
  return (
    <fieldset className={classes['settings']}>
      <legend>{t('settings')}</legend>
      <p id={id} className={classes['quiet']}>
        {tree === null ? t('settingsHeld') : t('settingsHint')}
      </p>
      <div className={classes['grid']}>
        {fields.map((field) => (
          <SettingField
            key={field.name}
            field={field}
            value={tree === null ? undefined : at(tree, field.name)}
            error={refused.get(`configuration.${field.name}`)}
            heldBy={tree === null ? id : null}
            onChange={(value) => onChange(changedJson(json, field.name, value))}
          />
        ))}
      </div>
    </fieldset>
  );
}

const rowsMin = 14;
const rowsMax = 30;

function JsonSide({ json, isWrong, refused, onChange }: SideProps & { isWrong: boolean }) {
  const t = useTranslations('templates');
  const isBroken = treeOf(json) === null;
  const faults = [...refused]
    .filter(([path]) => path.startsWith('configuration'))
    .map(([path, message]) => `${path.replace(/^configuration\.?/, '')}: ${message}`);
  return (
    <div className={classes['json']}>
      <InputBase
        component="textarea"
        label={t('json')}
        description={t('jsonHint')}
        rows={Math.min(rowsMax, Math.max(rowsMin, json.split('\n').length + 1))}
        multiline
        data-face="mono"
        value={json}
        error={isWrong && isBroken ? t('fault.json') : faults.length > 0 ? faults.join('\n') : undefined}
        onChange={({ currentTarget }) => onChange(currentTarget.value)}
        spellCheck={false}
        autoComplete="off"
      />
      <output className={classes['quiet']}>{isBroken && t('fault.json')}</output>
    </div>
  );
}
