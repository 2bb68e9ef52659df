/** The filters of the audit log; they stand in the address, so that a search can be sent to a colleague. */
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import type { AuditSearch } from '../search.ts';
import classes from './audit.module.css';

/** Beginnings of actions that one looks for. */
const areas = [
  'access', 'access_key', 'ai_settings', 'alert', 'alert_channel', 'alert_rule', 'audit', 'connection', 'invitation', 'limit', 'master_key',
  'policy', 'price', 'repository', 'routing_group', 'second_factor', 'session', 'task', 'template', 'token', 'use_case', 'user', 'workspace',
] as const; // prettier-ignore
const underlined: ReadonlySet<string> = new Set(['alert_channel', 'alert_rule']);
const actionOf = (area: (typeof areas)[number]): string => (underlined.has(area) ? area : area.replaceAll('_', '-'));

export function Filters({ search, onSearch }: { search: AuditSearch; onSearch: (search: AuditSearch) => void }) {
  const t = useTranslations('audit');
  const set = (part: AuditSearch): void =>
    onSearch(Object.fromEntries(Object.entries({ ...search, ...part }).filter(([, value]) => value !== '' && value !== undefined)));
  const isFiltered = Object.keys(search).length > 0;
  return (
    <div className={classes['filters']}>
      <Text name="actor" label={t('by.actor')} hint={t('actorHint')} search={search} onSet={set} />
      <NativeSelect
        label={t('by.area')}
        value={search.area ?? ''}
        onChange={(event) => set({ area: event.currentTarget.value })}
        data={[{ value: '', label: t('every') }, ...areas.map((area) => ({ value: actionOf(area), label: t(`area.${area}`) }))]}
      />
      <Text name="object" label={t('by.object')} hint={t('objectHint')} search={search} onSet={set} />
      <NativeSelect
        label={t('by.outcome')}
        value={search.outcome ?? ''}
        onChange={(event) => set({ outcome: event.currentTarget.value })}
        data={[
          { value: '', label: t('every') },
          ...(['success', 'refused', 'failed'] as const).map((value) => ({ value, label: t(`outcome.${value}`) })),
        ]}
      />
      <TextInput
        type="date"
        label={t('by.from')}
        value={search.from ?? ''}
        onChange={(event) => set({ from: event.currentTarget.value })}
      />
      <TextInput type="date" label={t('by.to')} value={search.to ?? ''} onChange={(event) => set({ to: event.currentTarget.value })} />
      {isFiltered && (
        <Button variant="subtle" className={classes['clear']} onClick={() => onSearch({})}>
          {t('clear')}
        </Button>
      )}
    </div>
  );
}

interface TextProps {
  name: 'actor' | 'object';
  label: string;
  hint: string;
  search: AuditSearch;
  onSet: (part: AuditSearch) => void;
}

/** Asked when somebody is done with it, not with every letter. */
function Text({ name, label, hint, search, onSet }: TextProps) {
  const given = search[name] ?? '';
  const [text, setText] = useState({ given, value: given });
  if (text.given !== given) setText({ given, value: given });
  const done = (): void => {
    if (text.value.trim() !== given) onSet({ [name]: text.value.trim() });
  };
  return (
    <TextInput
      label={label}
      placeholder={hint}
      maxLength={200}
      value={text.value}
      onChange={(event) => setText({ given, value: event.currentTarget.value })}
      onBlur={done}
      onKeyDown={(event) => {
        if (event.key === 'Enter') done();
      }}
    />
  );
}
