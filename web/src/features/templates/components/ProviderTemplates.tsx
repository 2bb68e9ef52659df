/** One provider: what it is, what its models cost, and its templates with what can be done with each. */
import type { Me } from '@patchbay/contract/people';
import type { Model, Provider, Template } from '@patchbay/contract/providers';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { useFormatter, useLocale, useTranslations } from 'use-intl';
import { isFirstLoad } from '../../../lib/first-load.ts';
import { focusPageTitle } from '../../../lib/focus.ts';
import { priceText } from '../../../lib/money.ts';
import { templatesQuery } from '../../../lib/shared-queries.ts';
import { useSayDone } from '../../../ui/Announcer.tsx';
import { DataTable, type Column } from '../../../ui/DataTable.tsx';
import { DeedQuestion } from '../../../ui/DeedQuestion.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { modelsQuery, schemaQuery, useRemoveTemplate } from '../api/templates.ts';
import { labelText, namedFieldsOf, type NamedField } from './schema-fields.ts';
import { TemplateEditor } from './TemplateEditor.tsx';
import { copyOf, newValues, settingsOf, shownSetting, valuesOf, type Tree, type Values } from './template-values.ts';
import classes from './templates.module.css';

interface ProviderTemplatesProps {
  me: Me;
  provider: Provider;
  /** The way to what a template was. */
  renderHistory: (template: Template) => ReactNode;
}

/** What settings are called; null until that is known. Where it cannot be had, they are shown by the names that programs use. */
function useNamedFields(provider: string): readonly NamedField[] | null {
  const schema = useQuery(schemaQuery(provider));
  return isFirstLoad(schema) ? null : namedFieldsOf(schema.data?.fields ?? []);
}

/** What the editor is open for. */
type Open = { of: Template | null; initial: Values } | null;

export function ProviderTemplates({ me, provider, renderHistory }: ProviderTemplatesProps) {
  const t = useTranslations('templates');
  const sayDone = useSayDone();
  const remove = useRemoveTemplate(provider.name);
  const { data: templates, error, refetch } = useQuery(templatesQuery(provider.name));
  const fields = useNamedFields(provider.name);
  const [open, setOpen] = useState<Open>(null);
  const [removing, setRemoving] = useState<Template | null>(null);
  const mayKeep = me.role === 'administrator';
  if (!templates && error) return <Failure error={error} organization={me.organization.name} onRetry={() => void refetch()} />;
  if (!templates || !fields) return <Loading />;
  const close = (): void => {
    setOpen(null);
    focusPageTitle();
  };
  const saved = (name: string): void => {
    setOpen(null);
    sayDone(t('saved', { name }));
  };
  const add = mayKeep && open === null && (
    <Button onClick={() => setOpen({ of: null, initial: newValues(provider.models.default) })}>{t('add')}</Button>
  );
  return (
    <div className="pb-sections">
      <Facts provider={provider} />
      {open !== null && (
        <Panel title={open.of === null ? t('newTitle') : t('editTitle', { name: open.of.name })} takesFocus>
          <TemplateEditor
            key={open.of?.id ?? open.initial.name}
            provider={provider}
            organization={me.organization.name}
            of={open.of}
            initial={open.initial}
            onSaved={saved}
            onCancel={close}
          />
        </Panel>
      )}
      <Panel title={t('templates')} aside={add} isPlain>
        <ul className={classes['cards']} aria-label={t('templates')}>
          {templates.map((template) => (
            <TemplateCard
              key={template.id}
              of={template}
              fields={fields}
              mayKeep={mayKeep}
              history={renderHistory(template)}
              onEdit={() => setOpen({ of: template, initial: valuesOf(template) })}
              onCopy={() => setOpen({ of: null, initial: copyOf(template) })}
              onRemove={() => setRemoving(template)}
            />
          ))}
        </ul>
      </Panel>
      <Models provider={provider} />
      <DeedQuestion
        of={removing}
        change={remove}
        inputOf={({ id }) => id}
        title={({ name }) => t('deleteTitle', { name })}
        text={() => t('deleteText')}
        cancelLabel={t('cancel')}
        confirmLabel={t('delete')}
        onClose={() => setRemoving(null)}
        onDone={({ name }) => sayDone(t('deleted', { name }))}
      />
    </div>
  );
}

function Facts({ provider }: { provider: Provider }) {
  const t = useTranslations('templates');
  const { defaultBaseUrl, models, requiresApiKey, docs } = provider;
  return (
    <dl className={classes['facts']}>
      <div>
        <dt>{t('address')}</dt>
        <dd>
          <code className={classes['code']}>{defaultBaseUrl ?? t('ownAddress')}</code>
        </dd>
      </div>
      <div>
        <dt>{t('defaultModel')}</dt>
        <dd>
          <code className={classes['code']}>{models.default ?? '—'}</code>
        </dd>
      </div>
      <div>
        <dt>{t('key')}</dt>
        <dd>{t(requiresApiKey ? 'keyNeeded' : 'keyFree')}</dd>
      </div>
      {docs !== null && (
        <div>
          <dt>{t('documents')}</dt>
          <dd>
            <a href={docs} target="_blank" rel="noreferrer" className={classes['link']}>
              {new URL(docs).host}
            </a>
          </dd>
        </div>
      )}
    </dl>
  );
}

interface CardProps {
  of: Template;
  fields: readonly NamedField[];
  mayKeep: boolean;
  history: ReactNode;
  onEdit: () => void;
  onCopy: () => void;
  onRemove: () => void;
}

function TemplateCard({ of, fields, mayKeep, history, onEdit, onCopy, onRemove }: CardProps) {
  const t = useTranslations('templates');
  const { id, name, provider, description, configuration, isDefault, createdAt } = of;
  const isOwn = createdAt !== null;
  const { baseUrl: _address, model, ...settings } = configuration;
  const common = { variant: 'subtle', size: 'compact-sm' } as const;
  return (
    <li className={classes['card']}>
      <span className={classes['name']}>
        {name}
        {isDefault && <span className={classes['tag']}>{t('default')}</span>}
        {isOwn && <span className={classes['tag']}>{t('own')}</span>}
      </span>
      {typeof model === 'string' && <code className={classes['code']}>{model}</code>}
      {description !== null && <p className={classes['about']}>{description}</p>}
      {Object.keys(settings).length > 0 && <Kept settings={settings} fields={fields} />}
      <span className={classes['deeds']}>
        <Button
          size="compact-sm"
          variant="default"
          aria-label={t('useNamed', { name })}
          renderRoot={(props) => <Link to="/settings/ai-connections/new" search={{ provider, template: id }} {...props} />}
        >
          {t('use')}
        </Button>
        {mayKeep && isOwn && (
          <>
            <Button {...common} aria-label={t('editNamed', { name })} onClick={onEdit}>
              {t('edit')}
            </Button>
            <Button {...common} color="red" aria-label={t('deleteNamed', { name })} onClick={onRemove}>
              {t('delete')}
            </Button>
            {history}
          </>
        )}
        {mayKeep && !isOwn && (
          <Button {...common} aria-label={t('copyNamed', { name })} onClick={onCopy}>
            {t('copy')}
          </Button>
        )}
      </span>
    </li>
  );
}

/** What a template sets, in the words of the form. */
function Kept({ settings, fields }: { settings: Tree; fields: readonly NamedField[] }) {
  const t = useTranslations('templates');
  const format = useFormatter();
  const language = useLocale();
  const said = (value: unknown, field: NamedField | null): string => {
    const option = field?.options?.find((one) => one.value === value);
    if (option) return labelText(option.label, language);
    if (typeof value === 'boolean') return t(value ? 'on' : 'off');
    return typeof value === 'number' ? format.number(value, { maximumFractionDigits: 20 }) : shownSetting(value);
  };
  return (
    <dl className={classes['kept']}>
      {settingsOf(settings, fields).map(({ path, value, field }) => (
        <div key={path}>
          <dt>{field === null ? <code>{path}</code> : labelText(field.label, language)}</dt>
          <dd>{said(value, field)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What its models cost and hold, as far as it is known. */
function Models({ provider }: { provider: Provider }) {
  const t = useTranslations('templates');
  const format = useFormatter();
  const { data: models } = useQuery(modelsQuery(provider.name));
  if (!models || models.length === 0) return null;
  const columns: Column<Model>[] = [
    { key: 'model', head: t('model'), render: ({ id }) => <code className={classes['code']}>{id}</code> },
    {
      key: 'window',
      head: t('contextWindow'),
      kind: 'number',
      render: ({ contextWindow }) => (contextWindow === null ? '—' : format.number(contextWindow)),
    },
    { key: 'in', head: t('priceIn'), kind: 'number', render: ({ price }) => (price ? priceText(format, price.input) : t('noPrice')) },
    { key: 'out', head: t('priceOut'), kind: 'number', render: ({ price }) => (price ? priceText(format, price.output) : t('noPrice')) },
  ];
  return (
    <Panel title={t('suggested')} text={t('suggestedText')} isPlain>
      <DataTable
        label={t('modelCount', { count: models.length })}
        columns={columns}
        rows={models}
        keyOf={({ id }) => id}
        isQuiet={({ isRetired }) => isRetired}
      />
    </Panel>
  );
}
