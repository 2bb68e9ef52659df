/** Somebody else saved first: who and when, field by field, and the choice between their state and one's own. */
import { Button } from '@mantine/core';
import type { Configuration } from '@patchbay/contract/configurations';
import { useEffect, useRef } from 'react';
import { useTranslations } from 'use-intl';
import { Notice } from '../../../ui/Notice.tsx';
import { When } from '../../../ui/When.tsx';
import { conflictRows, type ConflictRow } from '../form/conflict.ts';
import type { ConnectionForm } from '../form/use-connection-form.ts';
import { useFieldLabel } from './ConfigurationValidator.tsx';
import classes from './ConflictView.module.css';
import type { Saving } from './use-saving.ts';

/** What scrolls must be reachable without a mouse. */
const reachable = { tabIndex: 0 };

interface ConflictViewProps {
  form: ConnectionForm;
  stored: Configuration;
  saving: Saving;
  /** Throws away what was typed and begins with what is stored now. */
  onReload: (current: Configuration) => void;
}

export function ConflictView({ form, stored, saving, onReload }: ConflictViewProps) {
  const t = useTranslations('conflict');
  const title = useRef<HTMLHeadingElement>(null);
  const { conflict } = saving;
  const revision = conflict?.current.revision;
  useEffect(() => {
    if (revision !== undefined) title.current?.focus();
  }, [revision]);
  if (!conflict) return null;
  const { current, changedAt, changedBy } = conflict;
  const rows = conflictRows(form, stored, current);
  return (
    <section className={classes['conflict']} aria-labelledby="conflict-title">
      <h2 id="conflict-title" ref={title} tabIndex={-1}>
        {changedBy === null ? t('title') : t('titleBy', { name: changedBy.name })}
        {changedAt !== null && (
          <span className={classes['when']}>
            <When iso={changedAt} />
          </span>
        )}
      </h2>
      <p>{t('text')}</p>
      {rows.length === 0 ? <Notice tone="info">{t('none')}</Notice> : <Difference form={form} rows={rows} />}
      <div className="pb-buttons">
        <Button variant="default" onClick={() => onReload(current)}>
          {t('reload')}
        </Button>
        <Button loading={saving.isSaving} onClick={saving.overwrite}>
          {t('overwrite')}
        </Button>
      </div>
    </section>
  );
}

function Difference({ form, rows }: { form: ConnectionForm; rows: readonly ConflictRow[] }) {
  const t = useTranslations('conflict');
  const labelOf = useFieldLabel(form.lens);
  const nameOf = (name: string): string => {
    if (name === 'isActive' || name === 'isDefault' || name === 'provider') return t(name);
    return labelOf(form.fields.find((field) => field.name === name) ?? { name, label: name });
  };
  const say = (text: string | null): string => {
    if (text === null) return t('newKey');
    if (text === 'true' || text === 'false') return t(text === 'true' ? 'on' : 'off');
    return text === '' ? t('empty') : text;
  };
  return (
    <section className={classes['scroll']} aria-label={t('difference')} {...reachable}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t('field')}</th>
            <th scope="col">{t('theirs')}</th>
            <th scope="col">{t('mine')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, theirs, mine }) => (
            <tr key={name}>
              <th scope="row">{nameOf(name)}</th>
              <td>{say(theirs)}</td>
              <td>{say(mine)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
