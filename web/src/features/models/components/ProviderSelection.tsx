/** The choice of a provider: cards that are radio buttons, in four groups, with a search over all of them. */
import { Button, TextInput } from '@mantine/core';
import type { Provider } from '@patchbay/contract/providers';
import { IconCheck, IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import classes from './ProviderSelection.module.css';

const groups = ['cloud', 'local', 'other', 'demo'] as const;
type Group = (typeof groups)[number];

/** The demo has no address, and an endpoint of one's own has no address that anybody else could know. */
function groupOf({ name, isLocal, defaultBaseUrl, requiresBaseUrl }: Provider): Group {
  if (defaultBaseUrl === null && !requiresBaseUrl) return 'demo';
  if (isLocal) return 'local';
  return name === 'custom' ? 'other' : 'cloud';
}

const hostOf = ({ defaultBaseUrl }: Provider): string | null =>
  defaultBaseUrl === null || !URL.canParse(defaultBaseUrl) ? null : new URL(defaultBaseUrl).host;

const isFoundBy = ({ name, displayName, defaultBaseUrl }: Provider, query: string): boolean =>
  [name, displayName, defaultBaseUrl ?? ''].some((text) => text.toLowerCase().includes(query.trim().toLowerCase()));

interface ProviderSelectionProps {
  providers: readonly Provider[];
  selected: string;
  onSelect: (name: string) => void;
}

export function ProviderSelection({ providers, selected, onSelect }: ProviderSelectionProps) {
  const t = useTranslations('wizard');
  const [query, setQuery] = useState('');
  const shown = providers.filter((provider) => isFoundBy(provider, query));
  return (
    <div className={classes['selection']}>
      <TextInput
        type="search"
        className={classes['search']}
        aria-label={t('search')}
        placeholder={t('search')}
        leftSection={<IconSearch size={16} stroke={1.75} aria-hidden="true" />}
        value={query}
        onChange={({ currentTarget }) => setQuery(currentTarget.value)}
        // Enter in the search must not leave the step with a provider that is out of sight.
        onKeyDown={(event) => event.key === 'Enter' && event.preventDefault()}
        autoComplete="off"
      />
      <fieldset className={classes['groups']}>
        <legend className="pb-unseen">{t('providerTitle')}</legend>
        {groups.map((group) => (
          <ProviderGroup
            key={group}
            group={group}
            providers={shown.filter((provider) => groupOf(provider) === group)}
            selected={selected}
            onSelect={onSelect}
          />
        ))}
      </fieldset>
      {shown.length === 0 && (
        <output className={classes['none']}>
          {t('noMatch', { query })}{' '}
          <Button size="compact-sm" variant="subtle" onClick={() => setQuery('')}>
            {t('clearSearch')}
          </Button>
        </output>
      )}
    </div>
  );
}

function ProviderGroup({ group, providers, selected, onSelect }: ProviderSelectionProps & { group: Group }) {
  const t = useTranslations();
  if (providers.length === 0) return null;
  return (
    <fieldset className={classes['group']}>
      <legend>{t(`wizard.${group}`)}</legend>
      <div className={classes['cards']}>
        {providers.map((provider) => (
          <label key={provider.name} className={classes['card']}>
            <input
              type="radio"
              name="provider"
              value={provider.name}
              checked={provider.name === selected}
              onChange={() => onSelect(provider.name)}
              aria-describedby={hostOf(provider) === null ? undefined : `provider-${provider.name}`}
              aria-label={provider.displayName}
            />
            <span className={classes['name']}>
              {provider.displayName}
              {provider.isDefault && <span className={classes['tag']}>{t('connections.default')}</span>}
            </span>
            {hostOf(provider) !== null && (
              <span id={`provider-${provider.name}`} className={classes['host']}>
                {hostOf(provider)}
              </span>
            )}
            <IconCheck className={classes['check']} size={16} stroke={2} aria-hidden="true" />
          </label>
        ))}
      </div>
    </fieldset>
  );
}
