/** The form of Ollama: the context's length decides whether a model fits into the machine, and models of a stored one's machine are chosen, fetched and deleted here. */
import { lazy, Suspense } from 'react';
import { useFormatter, useTranslations } from 'use-intl';
import type { ConnectionForm } from '../form/use-connection-form.ts';
import { wanted } from '../../../lib/wanted.ts';
import { FieldGroups } from './FieldGroups.tsx';
import classes from './OllamaConfig.module.css';

/** Only a stored connection has a machine to ask; the form does not wait for it. */
const LocalModels = lazy(async () => ({ default: (await wanted(() => import('./LocalModels.tsx'))).LocalModels }));

const essentials = ['numCtx'];
/** More are in the field's own list. */
const shownMax = 12;

export const OllamaConfig = ({ form }: { form: ConnectionForm }) => (
  <>
    <FieldGroups form={form} essentials={essentials} />
    {form.stored ? (
      <Suspense fallback={null}>
        <LocalModels id={form.stored.id} canManage choice={{ model: form.values.model, onChoose: (model) => form.set({ model }) }} />
      </Suspense>
    ) : (
      <InstalledModels form={form} />
    )}
  </>
);

/** Before it is stored. Only what a server really answered counts as installed; suggestions of the catalogue do not. */
function InstalledModels({ form }: { form: ConnectionForm }) {
  const t = useTranslations('form');
  const format = useFormatter();
  const { list } = form.models;
  if (!list || list.source === 'catalog') return null;
  return (
    <fieldset className={classes['installed']}>
      <legend>{t('installed')}</legend>
      {list.models.length === 0 && <p>{t('installedNone')}</p>}
      {list.models.slice(0, shownMax).map(({ id, contextWindow }) => (
        <label key={id} className={classes['model']}>
          <input type="radio" name="installed" checked={form.values.model === id} onChange={() => form.set({ model: id })} />
          <code>{id}</code>
          {contextWindow !== null && <span>{t('modelContext', { tokens: format.number(contextWindow) })}</span>}
        </label>
      ))}
    </fieldset>
  );
}
