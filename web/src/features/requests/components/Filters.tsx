/** What is looked for: a field that understands `name:value`, a chip for each filter, and the range of time. */
import { Button, CloseButton, NativeSelect, TextInput } from '@mantine/core';
import { useId, useState, type FormEvent } from 'react';
import { useFormatter, useTranslations } from 'use-intl';
import {
  chipText,
  filterNames,
  periodDefault,
  periods,
  suggestions,
  typedFilters,
  wordOf,
  type FilterName,
  type NamedThings,
  type RequestSearch,
} from '../filters.ts';
import classes from './requests.module.css';

interface FiltersProps {
  search: RequestSearch;
  things: NamedThings;
  onSearch: (search: RequestSearch) => void;
}

/** Words of the language that filters are typed in: nothing of it is translated. */
const example = 'status:failed model:gpt-4o latency:>5000';

export function Filters({ search, things, onSearch }: FiltersProps) {
  const t = useTranslations('requests');
  const [text, setText] = useState('');
  const id = useId();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (text.trim() === '') return;
    onSearch({ ...search, ...typedFilters(text, things) });
    setText('');
  };
  return (
    <form className={classes['filters']} onSubmit={submit}>
      <TextInput
        className={classes['search']}
        label={t('filter')}
        placeholder={example}
        value={text}
        list={id}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <datalist id={id}>
        {suggestions(things).map((suggestion) => (
          <option key={suggestion}>{suggestion}</option>
        ))}
      </datalist>
      <Button type="submit" variant="default">
        {t('addFilter')}
      </Button>
      <Range search={search} onSearch={onSearch} />
      <Chips search={search} things={things} onSearch={onSearch} />
    </form>
  );
}

function Range({ search, onSearch }: Pick<FiltersProps, 'search' | 'onSearch'>) {
  const t = useTranslations('requests');
  const isOwn = search.from !== undefined || search.to !== undefined;
  return (
    <NativeSelect
      label={t('range')}
      value={isOwn ? 'own' : (search.period ?? periodDefault)}
      onChange={(event) => {
        const { value } = event.currentTarget;
        if (value !== 'own') onSearch({ ...search, from: undefined, to: undefined, period: value === periodDefault ? undefined : value });
      }}
      data={[
        ...periods.map((period) => ({ value: period, label: t(`periodOf.${period}`) })),
        ...(isOwn ? [{ value: 'own', label: t('ownRange') }] : []),
      ]}
    />
  );
}

function Chips({ search, things, onSearch }: FiltersProps) {
  const t = useTranslations('requests');
  const format = useFormatter();
  const without = (...names: (keyof RequestSearch)[]): RequestSearch => {
    const rest = { ...search };
    for (const name of names) delete rest[name];
    return rest;
  };
  const set = filterNames.filter((name): name is FilterName => search[name] !== undefined);
  const isOwn = search.from !== undefined || search.to !== undefined;
  if (set.length === 0 && !isOwn) return null;
  const moment = (iso: string | undefined): string =>
    iso === undefined ? '…' : format.dateTime(new Date(iso), { dateStyle: 'medium', timeStyle: 'short' });
  return (
    <ul className={classes['chips']} aria-label={t('filters')}>
      {isOwn && <Chip text={`${moment(search.from)} – ${moment(search.to)}`} onRemove={() => onSearch(without('from', 'to'))} />}
      {set.map((name) => (
        <Chip key={name} text={`${wordOf(name)}:${chipText(name, search[name]!, things)}`} onRemove={() => onSearch(without(name))} />
      ))}
      <li>
        <Button variant="subtle" size="compact-xs" onClick={() => onSearch({ period: search.period })}>
          {t('clear')}
        </Button>
      </li>
    </ul>
  );
}

function Chip({ text, onRemove }: { text: string; onRemove: () => void }) {
  const t = useTranslations('requests');
  return (
    <li className={classes['chip']}>
      <span>{text}</span>
      <CloseButton size={24} iconSize={14} aria-label={t('removeFilter', { filter: text })} onClick={onRemove} />
    </li>
  );
}
