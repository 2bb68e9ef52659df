/** One provider: what it is, what its models cost, and its templates with what can be done with each. */
import type { Me } from '@patchbay/contract/people';
import type { Model, Provider, Template } from '@patchbay/contract/providers';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useFormatter, useTranslations } from 'use-intl';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { Confirm } from '../../../ui/Confirm.tsx';
import { DataTable, type Column } from '../../../ui/DataTable.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { useDeed } from '../../../ui/use-deed.ts';
import { modelsQuery, templatesQuery, useRemoveTemplate } from '../api/templates.ts';
import { TemplateEditor } from './TemplateEditor.tsx';
import { copyOf, newValues, shownSetting, valuesOf, type Values } from './template-values.ts';
import classes from './templates.module.css';

interface ProviderTemplatesProps {
  me: Me;
  provider: Provider;
}

/** What the editor is open for. */
type Open = { of: Template | null; initial: Values } | null;

export function ProviderTemplates({ me, provider }: ProviderTemplatesProps) {
  const t = useTranslations('templates');
  const announce = useAnnounce();
  const { data: templates, error, refetch } = useQuery(templatesQuery(provider.name));
  const [open, setOpen] = useState<Open>(null);
  const [removing, setRemoving] = useState<Template | null>(null);
  const mayKeep = me.role === 'administrator';
  if (!templates && error) return <Failure error={error} organization={me.organization.name} onRetry={() => void refetch()} />;
  if (!templates) return <Loading />;
  const close = (): void => {
    setOpen(null);
    document.getElementById('page-title')?.focus();
  };
  const saved = (name: string): void => {
    announce(t('saved', { name }));
    close();
  };
  const add = mayKeep && open === null && (
    <Button onClick={() => setOpen({ of: null, initial: newValues(provider.models.default) })}>{t('add')}</Button>
  );
  return (
    <div className={classes['sections']}>
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
              mayKeep={mayKeep}
              onEdit={() => setOpen({ of: template, initial: valuesOf(template) })}
              onCopy={() => setOpen({ of: null, initial: copyOf(template) })}
              onRemove={() => setRemoving(template)}
            />
          ))}
        </ul>
      </Panel>
      <Models provider={provider} />
      <RemoveQuestion provider={provider.name} of={removing} onClose={() => setRemoving(null)} />
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
  mayKeep: boolean;
  onEdit: () => void;
  onCopy: () => void;
  onRemove: () => void;
}

function TemplateCard({ of, mayKeep, onEdit, onCopy, onRemove }: CardProps) {
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
      {Object.keys(settings).length > 0 && (
        <dl className={classes['kept']}>
          {Object.entries(settings).map(([key, value]) => (
            <div key={key}>
              <dt>{key}</dt>
              <dd>{shownSetting(value)}</dd>
            </div>
          ))}
        </dl>
      )}
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
            <Button {...common} aria-label={t('deleteNamed', { name })} onClick={onRemove}>
              {t('delete')}
            </Button>
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

/** What its models cost and hold, as far as it is known. */
function Models({ provider }: { provider: Provider }) {
  const t = useTranslations('templates');
  const format = useFormatter();
  const { data: models } = useQuery(modelsQuery(provider.name));
  if (!models || models.length === 0) return null;
  const money = (usd: string): string =>
    format.number(Number(usd), { style: 'currency', currency: 'USD', minimumFractionDigits: 2, maximumFractionDigits: digitsMax });
  const columns: Column<Model>[] = [
    { key: 'model', head: t('model'), render: ({ id }) => <code className={classes['code']}>{id}</code> },
    {
      key: 'window',
      head: t('contextWindow'),
      kind: 'number',
      render: ({ contextWindow }) => (contextWindow === null ? '—' : format.number(contextWindow)),
    },
    { key: 'in', head: t('priceIn'), kind: 'number', render: ({ price }) => (price ? money(price.input) : t('noPrice')) },
    { key: 'out', head: t('priceOut'), kind: 'number', render: ({ price }) => (price ? money(price.output) : t('noPrice')) },
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
const digitsMax = 9;

function RemoveQuestion({ provider, of, onClose }: { provider: string; of: Template | null; onClose: () => void }) {
  const t = useTranslations('templates');
  const announce = useAnnounce();
  const { asked, run } = useDeed(useRemoveTemplate(provider), onClose);
  const confirm = (): void => {
    if (of === null) return;
    run(of.id, () => {
      announce(t('deleted', { name: of.name }));
      document.getElementById('page-title')?.focus();
    });
  };
  return (
    <Confirm
      isOpen={of !== null}
      tone="bad"
      title={t('deleteTitle', { name: of?.name ?? '' })}
      cancelLabel={t('cancel')}
      confirmLabel={t('delete')}
      onConfirm={confirm}
      {...asked}
    >
      <p>{t('deleteText')}</p>
    </Confirm>
  );
}
