/** Who is asked when this connection fails, in order: chosen, moved and taken out without a mouse. */
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconPlus, IconTrash, type Icon } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { aiConnectionsQuery } from '../api/ai-connections.ts';
import { backupRowsMax, movedRow, readBackups, writeBackups, type BackupRow } from '../form/backup-rows.ts';
import { ReasonIcon } from '../../../ui/ReasonButton.tsx';
import classes from './BackupsField.module.css';
import { useFieldProps, type FieldProps } from './use-field-props.ts';

export function BackupsField({ field, form }: FieldProps) {
  const t = useTranslations('form');
  const { id, label, description, error } = useFieldProps({ field, form });
  const { data: connections = [] } = useQuery(aiConnectionsQuery);
  const rows = readBackups(form.values.settings[field.name] ?? '');
  // Tells rows apart while they are typed and moved; the list itself holds no such thing.
  const [keys, setKeys] = useState(() => rows.map((_, at) => at));
  const keyOf = (place: number): number => keys[place] ?? -1 - place;
  const put = (next: readonly BackupRow[]): void => form.setSetting(field.name, writeBackups(next));
  const choices = connections.filter((one) => one.scope !== 'environment' && one.id !== form.stored?.id);
  return (
    <fieldset className={classes['backups']} id={id} tabIndex={-1} aria-describedby={error === undefined ? undefined : `${id}-fault`}>
      <legend>{label}</legend>
      <p className={classes['hint']}>{description}</p>
      {rows.map((row, at) => (
        <Row
          key={keyOf(at)}
          at={at}
          row={row}
          count={rows.length}
          choices={choices}
          onChange={(part) => put(rows.map((other, place) => (place === at ? { ...other, ...part } : other)))}
          onMove={(by) => {
            setKeys(movedRow(keys, at, by));
            put(movedRow(rows, at, by));
          }}
          onRemove={() => {
            setKeys(keys.filter((_, place) => place !== at));
            put(rows.filter((_, place) => place !== at));
          }}
        />
      ))}
      {rows.length > 0 && <p className={classes['hint']}>{t('backupModelHint')}</p>}
      {error !== undefined && (
        <p className={classes['fault']} id={`${id}-fault`}>
          {error}
        </p>
      )}
      {rows.length < backupRowsMax && (
        <div>
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconPlus size={14} stroke={1.75} aria-hidden="true" />}
            onClick={() => {
              setKeys([...keys, Math.max(-1, ...keys) + 1]);
              put([...rows, { connectionId: '', model: '' }]);
            }}
          >
            {t('backupAdd')}
          </Button>
        </div>
      )}
    </fieldset>
  );
}

interface RowProps {
  at: number;
  row: BackupRow;
  count: number;
  choices: readonly { id: string; name: string; defaultModel: string | null }[];
  onChange: (part: Partial<BackupRow>) => void;
  onMove: (by: 1 | -1) => void;
  onRemove: () => void;
}

function Row({ at, row, count, choices, onChange, onMove, onRemove }: RowProps) {
  const t = useTranslations('form');
  const list = useTranslations('list');
  const number = at + 1;
  const chosen = choices.find((one) => one.id === row.connectionId);
  return (
    <div className={classes['row']}>
      <NativeSelect
        aria-label={t('backupOf', { number })}
        value={row.connectionId}
        onChange={({ currentTarget }) => onChange({ connectionId: currentTarget.value })}
      >
        <option value="">{t('backupChoose')}</option>
        {row.connectionId !== '' && !chosen && <option value={row.connectionId}>{t('backupGone')}</option>}
        {choices.map((one) => (
          <option key={one.id} value={one.id}>
            {one.name}
          </option>
        ))}
      </NativeSelect>
      <TextInput
        aria-label={t('backupModel', { number })}
        placeholder={chosen?.defaultModel ?? undefined}
        value={row.model}
        onChange={({ currentTarget }) => onChange({ model: currentTarget.value.trim() })}
        autoComplete="off"
        spellCheck={false}
      />
      <span className={classes['deeds']}>
        <Deed icon={IconArrowUp} label={t('backupUp', { number })} reason={at === 0 ? list('isFirst') : null} onPress={() => onMove(-1)} />
        <Deed
          icon={IconArrowDown}
          label={t('backupDown', { number })}
          reason={number === count ? list('isLast') : null}
          onPress={() => onMove(1)}
        />
        <Deed icon={IconTrash} label={t('backupRemove', { number })} onPress={onRemove} />
      </span>
    </div>
  );
}

/** At its end of the list it stays where it is in the order of Tab, so that the focus is not lost there. */
function Deed({ icon: Sign, label, reason = null, onPress }: { icon: Icon; label: string; reason?: string | null; onPress: () => void }) {
  return (
    <ReasonIcon variant="subtle" color="gray" size="lg" aria-label={label} reason={reason} onClick={onPress}>
      <Sign size={16} stroke={1.75} aria-hidden="true" />
    </ReasonIcon>
  );
}
