/** The models on a connection's own machine: what is installed, and below it the downloads. */
import { ActionIcon, Button } from '@mantine/core';
import type { LocalModel } from '@patchbay/contract/local-models';
import { IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useFormatter, useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { Confirm } from '../../../ui/Confirm.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { useDeleteLocalModel, useLocalModels } from '../api/local-models.ts';
import classes from './LocalModels.module.css';
import { PullModel } from './PullModel.tsx';

interface LocalModelsProps {
  id: string;
  /** Whoever may only use the connection looks and changes nothing. */
  canManage: boolean;
  /** In a form: the model that is chosen, and how another one is. */
  choice?: { model: string; onChoose: (model: string) => void };
}

const gigabyte = 1e9;

export function LocalModels({ id, canManage, choice }: LocalModelsProps) {
  const t = useTranslations('pull');
  const language = useLocale();
  const { data, error, refetch } = useLocalModels(id);
  return (
    <section className={classes['machine']} aria-label={t('title')}>
      <h2>{t('title')}</h2>
      <p className={classes['text']}>{t('text')}</p>
      {error && !data && (
        <Notice tone="bad">
          <p>{errorText(error, language)}</p>
          <Button size="compact-xs" variant="default" onClick={() => void refetch()}>
            {t('again')}
          </Button>
        </Notice>
      )}
      {!error && !data && <p className={classes['text']}>{t('loading')}</p>}
      {data && <Installed id={id} models={data} canManage={canManage} choice={choice} />}
      {canManage && <PullModel id={id} />}
    </section>
  );
}

interface InstalledProps extends Pick<LocalModelsProps, 'id' | 'canManage' | 'choice'> {
  models: readonly LocalModel[];
}

function Installed({ id, models, canManage, choice }: InstalledProps) {
  const t = useTranslations('pull');
  const language = useLocale();
  const announce = useAnnounce();
  const removal = useDeleteLocalModel(id);
  const [asked, setAsked] = useState<string | null>(null);
  const remove = (): void => {
    if (asked === null) return;
    removal.mutate(asked, { onSuccess: () => announce(t('deleted', { model: asked })), onSettled: () => setAsked(null) });
  };
  return (
    <>
      {removal.isError && <Notice tone="bad">{errorText(removal.error, language)}</Notice>}
      {models.length === 0 && <p className={classes['text']}>{t('none')}</p>}
      <ul className={classes['rows']} aria-label={t('list')}>
        {models.map((model) => (
          <li key={model.id} className={classes['row']}>
            <Facts model={model} choice={choice} />
            {canManage && (
              <ActionIcon
                variant="subtle"
                color="gray"
                data-writes
                aria-label={t('deleteNamed', { model: model.id })}
                onClick={() => setAsked(model.id)}
              >
                <IconTrash size={16} stroke={1.75} aria-hidden="true" />
              </ActionIcon>
            )}
          </li>
        ))}
      </ul>
      <Confirm
        isOpen={asked !== null}
        title={t('deleteTitle', { model: asked ?? '' })}
        cancelLabel={t('cancel')}
        confirmLabel={t('delete')}
        tone="bad"
        isPending={removal.isPending}
        onConfirm={remove}
        onClose={() => setAsked(null)}
      >
        <p>{t('deleteText')}</p>
      </Confirm>
    </>
  );
}

function Facts({ model, choice }: Pick<LocalModelsProps, 'choice'> & { model: LocalModel }) {
  const t = useTranslations('pull');
  const format = useFormatter();
  return (
    <>
      {choice && (
        <input
          type="radio"
          name="installed"
          aria-label={t('use', { model: model.id })}
          checked={choice.model === model.id}
          onChange={() => choice.onChoose(model.id)}
        />
      )}
      <code className={classes['name']}>{model.id}</code>
      {model.isLoaded && <span className={classes['tag']}>{t('loaded')}</span>}
      <span className={classes['kind']}>{[model.parameterSize, model.quantization].filter((part) => part !== null).join(' ')}</span>
      <span className={classes['number']}>
        {model.sizeBytes !== null &&
          t('size', { gb: format.number(model.sizeBytes / gigabyte, { maximumFractionDigits: 1, minimumFractionDigits: 1 }) })}
      </span>
    </>
  );
}
