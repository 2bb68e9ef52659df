/** The models of a connection: where the list is from and how old it is, a search, and a switch for each in the caller's own lists (D-38). */
import { Button, Switch, TextInput } from '@mantine/core';
import type { ConfigurationModels } from '@patchbay/contract/configuration-details';
import { useState } from 'react';
import { useFormatter, useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../../lib/error-text.ts';
import { useAnnounce } from '../../../../ui/Announcer.tsx';
import { Failure } from '../../../../ui/Failure.tsx';
import { Notice } from '../../../../ui/Notice.tsx';
import { When } from '../../../../ui/When.tsx';
import { useModels, useRefreshList, useSwitchModels } from '../../api/connection-detail.ts';
import classes from './Detail.module.css';
import { Skeleton } from './Skeleton.tsx';

/** Rows that are drawn at once; a provider may list thousands. */
const shownAtOnce = 50;

interface ModelsPanelProps {
  id: string;
  name: string;
  defaultModel: string | null;
  organization: string;
}

export function ModelsPanel(props: ModelsPanelProps) {
  const models = useModels(props.id);
  if (models.isError && !models.data)
    return <Failure error={models.error} organization={props.organization} onRetry={() => void models.refetch()} />;
  return <section className={classes['panel']}>{models.data ? <Models {...props} list={models.data} /> : <Skeleton rows={8} />}</section>;
}

const isFound = (text: string, words: string): boolean => text.toLowerCase().includes(words.trim().toLowerCase());

function Models({ id, name, defaultModel, list }: ModelsPanelProps & { list: ConfigurationModels }) {
  const t = useTranslations('detail');
  const language = useLocale();
  const announce = useAnnounce();
  const [words, setWords] = useState('');
  const [shownMax, setShownMax] = useState(shownAtOnce);
  const switching = useSwitchModels(id);
  const found = list.models.filter((model) => isFound(`${model.id} ${model.name}`, words));
  const enabled = list.models.filter(({ isEnabled }) => isEnabled).length;
  const set = (ids: readonly string[], isEnabled: boolean): void => {
    if (ids.length === 0) return;
    const text =
      ids.length === 1
        ? t(isEnabled ? 'modelShown' : 'modelHidden', { name: ids[0] ?? '' })
        : t(isEnabled ? 'modelsShown' : 'modelsHidden', { n: ids.length });
    switching.mutate({ ids, isEnabled }, { onSuccess: () => announce(text) });
  };
  const setAll = (isEnabled: boolean): void =>
    set(
      found.filter((model) => model.isEnabled !== isEnabled).map((model) => model.id),
      isEnabled,
    );
  return (
    <>
      <Source id={id} list={list} />
      <p className={classes['text']}>{t('modelsText')}</p>
      <div className={classes['tools']}>
        <TextInput
          className={classes['search']}
          type="search"
          aria-label={t('searchModels')}
          placeholder={t('searchModels')}
          value={words}
          onChange={({ currentTarget }) => setWords(currentTarget.value)}
        />
        <span className={classes['note']}>{t('modelsOn', { on: enabled, all: list.models.length })}</span>
        <Button size="compact-sm" variant="default" onClick={() => setAll(true)}>
          {t('showAll')}
        </Button>
        <Button size="compact-sm" variant="default" onClick={() => setAll(false)}>
          {t('hideAll')}
        </Button>
      </div>
      {switching.isError && <Notice tone="bad">{errorText(switching.error, language)}</Notice>}
      {list.models.length === 0 && <p className={classes['text']}>{t('noModels', { name })}</p>}
      {list.models.length > 0 && found.length === 0 && <p className={classes['text']}>{t('noModelFound', { q: words.trim() })}</p>}
      <ul className={classes['rows']} aria-label={t('modelList', { name })}>
        {found.slice(0, shownMax).map((model) => (
          <ModelRow
            key={model.id}
            model={model}
            isDefault={model.id === defaultModel}
            onSwitch={(isEnabled) => set([model.id], isEnabled)}
          />
        ))}
      </ul>
      {found.length > shownMax && (
        <Button size="compact-sm" variant="default" onClick={() => setShownMax(shownMax + shownAtOnce)}>
          {t('moreModels', { n: found.length - shownMax })}
        </Button>
      )}
    </>
  );
}

interface ModelRowProps {
  model: ConfigurationModels['models'][number];
  isDefault: boolean;
  onSwitch: (isEnabled: boolean) => void;
}

function ModelRow({ model, isDefault, onSwitch }: ModelRowProps) {
  const t = useTranslations('detail');
  const format = useFormatter();
  return (
    <li className={`${classes['model']} ${classes['switched']}`}>
      <span className={classes['about']}>
        <span className={classes['grow']}>
          <code className={classes['code']}>{model.id}</code>
          {model.name !== model.id && <span className={classes['note']}> {model.name}</span>}
        </span>
        {isDefault && <span className={classes['tag']}>{t('defaultModel')}</span>}
        {model.isRetired && <span className={classes['tag']}>{t('retired')}</span>}
        <span className={classes['note']}>
          {model.contextWindow !== null && t('context', { n: format.number(model.contextWindow) })}
          {model.maxOutputTokens !== null && ` ${t('output', { n: format.number(model.maxOutputTokens) })}`}
        </span>
      </span>
      <Switch
        size="xs"
        aria-label={t('showModel', { name: model.id })}
        checked={model.isEnabled}
        onChange={({ currentTarget }) => onSwitch(currentTarget.checked)}
      />
    </li>
  );
}

/** One line on the list's origin and age; what went wrong stands beside what is still known. */
function Source({ id, list }: { id: string; list: ConfigurationModels }) {
  const t = useTranslations('detail');
  const language = useLocale();
  const refresh = useRefreshList(id);
  return (
    <>
      <div className={classes['panelHead']}>
        <h2>{t('models')}</h2>
        <span className={classes['source']}>
          {t(list.fetchedAt === null ? 'fromCatalog' : 'fromProvider')} {list.fetchedAt !== null && <When iso={list.fetchedAt} />}
          {list.isRefreshing && ` · ${t('asking')}`}
          <Button size="compact-xs" variant="subtle" loading={refresh.isPending} onClick={() => refresh.mutate()}>
            {t('refresh')}
          </Button>
        </span>
      </div>
      {list.errorCode !== null && (
        <Notice tone="warn">
          <p>{t('listFailed', { code: list.errorCode })}</p>
        </Notice>
      )}
      {refresh.isError && <Notice tone="bad">{errorText(refresh.error, language)}</Notice>}
    </>
  );
}
