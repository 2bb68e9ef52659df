/** Every provider as a card that leads to its templates: its own model, its address, and how many were made here. */
import type { Provider } from '@patchbay/contract/providers';
import { TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { keptQuery } from '../api/templates.ts';
import classes from './templates.module.css';

const hostOf = ({ defaultBaseUrl }: Provider): string | null =>
  defaultBaseUrl === null || !URL.canParse(defaultBaseUrl) ? null : new URL(defaultBaseUrl).host;

const isFoundBy = ({ name, displayName, defaultBaseUrl }: Provider, query: string): boolean =>
  [name, displayName, defaultBaseUrl ?? ''].some((text) => text.toLowerCase().includes(query.trim().toLowerCase()));

export function ProviderGrid({ providers, mayKeep }: { providers: readonly Provider[]; mayKeep: boolean }) {
  const t = useTranslations('templates');
  const [query, setQuery] = useState('');
  const { data: kept = [] } = useQuery({ ...keptQuery, enabled: mayKeep });
  const shown = providers.filter((provider) => isFoundBy(provider, query));
  return (
    <div className="pb-sections">
      <TextInput
        type="search"
        className={classes['search']}
        aria-label={t('search')}
        placeholder={t('search')}
        leftSection={<IconSearch size={16} stroke={1.75} aria-hidden="true" />}
        value={query}
        onChange={({ currentTarget }) => setQuery(currentTarget.value)}
        autoComplete="off"
      />
      {shown.length === 0 ? (
        <output>{t('noMatch', { query })}</output>
      ) : (
        <ul className={classes['cards']} aria-label={t('providers')}>
          {shown.map((provider) => (
            <ProviderCard
              key={provider.name}
              provider={provider}
              own={kept.filter((template) => template.provider === provider.name).length}
            />
          ))}
        </ul>
      )}
    </div>
  );
}

function ProviderCard({ provider, own }: { provider: Provider; own: number }) {
  const t = useTranslations('templates');
  const { displayName, models } = provider;
  const host = hostOf(provider);
  return (
    <li className={classes['card']}>
      <Link to="/admin/templates" search={{ provider: provider.name }} className={classes['name']}>
        {displayName}
      </Link>
      {models.default !== null && <code className={classes['code']}>{models.default}</code>}
      {host !== null && <span className={classes['quiet']}>{host}</span>}
      <span className={classes['quiet']}>
        {t('modelCount', { count: models.suggested.length })}
        {own > 0 && ` · ${t('ownCount', { count: own })}`}
      </span>
    </li>
  );
}
