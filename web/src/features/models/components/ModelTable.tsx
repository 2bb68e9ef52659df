/** The rows of the administrators' models: a table where there is room, cards where there is none. */
import { ActionIcon } from '@mantine/core';
import type { AdminModel } from '@patchbay/contract/admin-models';
import { IconPencil, IconPlayerPlay, IconTrash } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { ReasonIcon } from '../../../ui/ReasonButton.tsx';
import { Status } from '../../../ui/Status.tsx';
import { When } from '../../../ui/When.tsx';
import { pressed, sortText } from '../list/arrange.ts';
import { modelSorting, shortUrl } from '../list/model-rows.ts';
import type { ListSearch } from '../list/search.ts';
import cards from './ConfigurationCards.module.css';
import classes from './ConfigurationTable.module.css';
import buttons from './ConnectionButtons.module.css';
import { DetailLink, ConnectionKey, ConnectionLatency, ConnectionModel, testStateOf } from './ConnectionFacts.tsx';
import facts from './ConnectionFacts.module.css';
import { SortHead } from './ListTools.tsx';
import { StatusSwitch } from './StatusSwitch.tsx';
import { TestResult } from './TestResult.tsx';
import { useRowTest } from './use-connection-actions.ts';
import type { ActiveSwitch } from './use-switch-active.ts';

interface ModelRows {
  models: readonly AdminModel[];
  active: ActiveSwitch;
  onDelete: (model: AdminModel) => void;
}

interface ModelRow extends Omit<ModelRows, 'models'> {
  model: AdminModel;
}

const columnsCount = 7;

export function ModelTable({
  models,
  search,
  onSearch,
  ...rest
}: ModelRows & { search: ListSearch; onSearch: (change: ListSearch) => void }) {
  const t = useTranslations('models');
  const sorting = modelSorting(search.sort);
  const head = { sorting, onSort: (column: typeof sorting.column) => onSearch({ sort: sortText(pressed(sorting, column)) }) };
  return (
    <div className={classes['frame']}>
      <table className={classes['table']} aria-label={t('table', { count: models.length })}>
        <thead>
          <tr>
            <SortHead column="name" {...head}>
              {t('name')}
            </SortHead>
            <SortHead column="variant" {...head}>
              {t('variant')}
            </SortHead>
            <SortHead column="url" {...head}>
              {t('url')}
            </SortHead>
            <th scope="col">{t('apiKey')}</th>
            <SortHead column="status" {...head}>
              {t('status')}
            </SortHead>
            <SortHead column="tested" {...head}>
              {t('lastTest')}
            </SortHead>
            <th scope="col" data-column="actions">
              {t('actions')}
            </th>
          </tr>
        </thead>
        {models.map((model) => (
          <Row key={model.id} model={model} {...rest} />
        ))}
      </table>
    </div>
  );
}

function Row({ model, active, onDelete }: ModelRow) {
  const test = useRowTest(model);
  const hasMore = test.isTesting || test.result !== null || test.fault !== null;
  return (
    <tbody>
      <tr data-open={hasMore || undefined}>
        <th scope="row" data-column="name">
          <ModelName model={model} />
        </th>
        <td>
          <ConnectionModel model={model.modelVariant} />
        </td>
        <td>
          <code className={facts['code']} title={model.apiUrl ?? undefined}>
            {shortUrl(model.apiUrl)}
          </code>
        </td>
        <td>
          <ConnectionKey mask={model.apiKey} setAt={model.apiKeySetAt} />
        </td>
        <td>
          <ModelSwitch model={model} active={active} />
        </td>
        <td>
          <LastTest model={model} isTesting={test.isTesting} />
        </td>
        <td data-column="actions">
          <ModelButtons model={model} isTesting={test.isTesting} onTest={test.test} onDelete={onDelete} />
        </td>
      </tr>
      {hasMore && (
        <tr>
          <td colSpan={columnsCount} className={classes['more']}>
            <TestResult name={model.name} actions={test} formOf={model.id} />
          </td>
        </tr>
      )}
    </tbody>
  );
}

export function ModelCards({ models, ...rest }: ModelRows) {
  const t = useTranslations('models');
  return (
    <ul className={cards['cards']} aria-label={t('table', { count: models.length })}>
      {models.map((model) => (
        <Card key={model.id} model={model} {...rest} />
      ))}
    </ul>
  );
}

function Card({ model, active, onDelete }: ModelRow) {
  const t = useTranslations('models');
  const test = useRowTest(model);
  return (
    <li className={cards['card']}>
      <div className={cards['head']}>
        <div className={cards['name']}>
          <ModelName model={model} />
        </div>
        <LastTest model={model} isTesting={test.isTesting} />
      </div>
      <dl className={cards['facts']}>
        <dt>{t('variant')}</dt>
        <dd>
          <ConnectionModel model={model.modelVariant} />
        </dd>
        <dt>{t('url')}</dt>
        <dd>
          <code className={facts['code']}>{shortUrl(model.apiUrl)}</code>
        </dd>
        <dt>{t('apiKey')}</dt>
        <dd>
          <ConnectionKey mask={model.apiKey} setAt={model.apiKeySetAt} />
        </dd>
      </dl>
      <div className={cards['foot']}>
        <ModelSwitch model={model} active={active} />
        <ModelButtons model={model} isTesting={test.isTesting} onTest={test.test} onDelete={onDelete} />
      </div>
      {(test.isTesting || test.result !== null || test.fault !== null) && <TestResult name={model.name} actions={test} formOf={model.id} />}
    </li>
  );
}

function ModelName({ model }: { model: AdminModel }) {
  const t = useTranslations('connections');
  return (
    <>
      <span className={facts['name']}>
        <DetailLink id={model.id} name={model.name} />
        {model.isDefault && <span className={facts['default']}>{t('default')}</span>}
      </span>
      <code className={facts['url']}>{model.id}</code>
    </>
  );
}

const ModelSwitch = ({ model, active }: { model: AdminModel; active: ActiveSwitch }) => (
  <StatusSwitch
    name={model.name}
    isActive={model.isActive}
    isPending={active.pending.has(model.id)}
    onChange={(isActive) => active.request(model, isActive)}
  />
);

function LastTest({ model, isTesting }: { model: AdminModel; isTesting: boolean }) {
  const t = useTranslations('connections');
  const { tone, text } = testStateOf(model);
  if (isTesting) return <Status tone="idle" text={t('testing')} />;
  return (
    <span className={facts['status']}>
      <Status tone={tone} text={t(text)} />
      {model.lastTested !== null && (
        <span className={facts['tested']}>
          {model.latencyMs !== null && (
            <>
              <ConnectionLatency ms={model.latencyMs} />
              {' · '}
            </>
          )}
          <When iso={model.lastTested} />
        </span>
      )}
    </span>
  );
}

interface ModelButtonsProps {
  model: AdminModel;
  isTesting: boolean;
  onTest: () => void;
  onDelete: (model: AdminModel) => void;
}

function ModelButtons({ model, isTesting, onTest, onDelete }: ModelButtonsProps) {
  const t = useTranslations('connections');
  const { name } = model;
  const icon = { variant: 'subtle', color: 'gray', size: 28 } as const;
  return (
    <div className={buttons['buttons']}>
      <ReasonIcon
        {...icon}
        aria-label={t('testNamed', { name })}
        title={t('test')}
        reason={isTesting ? t('testing') : null}
        onClick={onTest}
      >
        <IconPlayerPlay size={16} stroke={1.75} aria-hidden="true" />
      </ReasonIcon>
      <ActionIcon
        {...icon}
        aria-label={t('editNamed', { name })}
        title={t('edit')}
        renderRoot={(props) => <Link to="/admin/ai_models/$id/edit" params={{ id: model.id }} search={(search) => search} {...props} />}
      >
        <IconPencil size={16} stroke={1.75} aria-hidden="true" />
      </ActionIcon>
      <ActionIcon {...icon} aria-label={t('deleteNamed', { name })} title={t('delete')} onClick={() => onDelete(model)}>
        <IconTrash size={16} stroke={1.75} aria-hidden="true" />
      </ActionIcon>
    </div>
  );
}
