/** The fields of a form in three groups: what a connection needs, what shapes its answers, and what few people change. */
import { useDeferredValue } from 'react';
import { useTranslations } from 'use-intl';
import { isSetting, isShown, type FormField } from '../form/fields.ts';
import type { ConnectionForm } from '../form/use-connection-form.ts';
import classes from './FieldGroups.module.css';
import { ConnectionSwitches } from './ConnectionSwitches.tsx';
import { SchemaField } from './SchemaField.tsx';

interface FieldGroupsProps {
  form: ConnectionForm;
  /** Settings that stand with the essentials, in this order. */
  essentials?: readonly string[];
  /** Settings that are parameters though the schema counts them among the advanced ones. */
  parameters?: readonly string[];
}

const none: readonly string[] = [];

/** The model's page asks in the order of its documents; elsewhere the provider's schema knows best. */
const modelOrder = ['model', 'baseUrl', 'apiKey'];
const inOrder = (fields: readonly FormField[], { lens }: ConnectionForm): readonly FormField[] =>
  lens === 'model' ? fields.toSorted((one, other) => modelOrder.indexOf(one.name) - modelOrder.indexOf(other.name)) : fields;

export function FieldGroups({ form, essentials = none, parameters = none }: FieldGroupsProps) {
  const t = useTranslations('form');
  const shown = form.fields.filter((field) => isShown(field, form.fields, form.values.settings));
  const named = essentials.map((name) => shown.find((field) => field.name === name)).filter((field) => field !== undefined);
  const others = shown.filter((field) => isSetting(field) && !named.includes(field));
  const isParameter = ({ name, group }: FormField): boolean => group === 'basic' || parameters.includes(name);
  return (
    <>
      {[
        ...inOrder(
          shown.filter((field) => !isSetting(field)),
          form,
        ),
        ...named,
      ].map((field) => (
        <SchemaField key={field.name} field={field} form={form} />
      ))}
      {form.lens === 'model' && <ConnectionSwitches form={form} />}
      <Folded title={t('parameters')} hint={t('parametersHint')} fields={others.filter(isParameter)} form={form} />
      <Folded title={t('advanced')} fields={others.filter((field) => !isParameter(field))} form={form} />
    </>
  );
}

const wide: ReadonlySet<FormField['kind']> = new Set(['headers', 'backups', 'json', 'textarea']);

function Folded({ title, hint, fields, form }: { title: string; hint?: string; fields: readonly FormField[]; form: ConnectionForm }) {
  // Most fields of a form are folded away: what can be seen is painted before they are drawn.
  const isDrawn = useDeferredValue(true, false);
  if (fields.length === 0) return null;
  return (
    <details className={classes['folded']}>
      <summary>{title}</summary>
      {hint !== undefined && <p className={classes['hint']}>{hint}</p>}
      <div className={classes['grid']}>
        {isDrawn &&
          fields.map((field) => (
            <div key={field.name} data-wide={wide.has(field.kind) || undefined}>
              <SchemaField field={field} form={form} />
            </div>
          ))}
      </div>
    </details>
  );
}
