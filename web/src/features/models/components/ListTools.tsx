/** What stands above and below a list: the filter box, chips, sortable headings, the choice of columns, pages. */
import { Button, Checkbox, CloseButton, TextInput } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconColumns3, IconSearch } from '@tabler/icons-react';
import { useEffect, useId, useRef, useState, type ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { shortcuts } from '../../../lib/choices.ts';
import type { PageOf, Sorting } from '../list/arrange.ts';
import { ReasonButton } from '../../../ui/ReasonButton.tsx';
import classes from './ListTools.module.css';

const typingPauseMs = 250;

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

interface FilterBoxProps {
  label: string;
  value: string;
  onChange: (query: string) => void;
}

/** What is typed is in the box at once and in the address after a pause. `/` leads here from anywhere that is no input. */
export function FilterBox({ label, value, onChange }: FilterBoxProps) {
  const t = useTranslations('list');
  const box = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(value);
  const [known, setKnown] = useState(value);
  // The address changed by other means, such as the way back.
  if (known !== value) {
    setKnown(value);
    setText(value);
  }
  useEffect(() => {
    if (text === value) return undefined;
    const timer = setTimeout(() => onChange(text), typingPauseMs);
    return () => clearTimeout(timer);
  }, [text, value, onChange]);
  useEffect(() => {
    const lead = (event: KeyboardEvent): void => {
      const isPlain = event.key === '/' && !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;
      if (!isPlain || shortcuts.get() === 'off' || isTyping(event.target) || document.querySelector('dialog[open]')) return;
      event.preventDefault();
      box.current?.focus();
    };
    document.addEventListener('keydown', lead);
    return () => document.removeEventListener('keydown', lead);
  }, []);
  return (
    <TextInput
      ref={box}
      type="search"
      className={classes['filter']}
      aria-label={label}
      placeholder={label}
      leftSection={<IconSearch size={16} stroke={1.75} aria-hidden="true" />}
      rightSection={text !== '' && <CloseButton size="sm" aria-label={t('clearText')} onClick={() => setText('')} />}
      value={text}
      onChange={({ currentTarget }) => setText(currentTarget.value)}
      autoComplete="off"
      spellCheck={false}
    />
  );
}

interface ChipsProps<Value extends string> {
  label: string;
  /** The first one is "all". */
  options: readonly { value: Value | undefined; text: string; count: number }[];
  value: Value | undefined;
  onChange: (value: Value | undefined) => void;
}

export function Chips<Value extends string>({ label, options, value, onChange }: ChipsProps<Value>) {
  return (
    <fieldset className={classes['chips']}>
      <legend className="pb-unseen">{label}</legend>
      {options.map((option) => (
        <button
          key={option.value ?? ''}
          type="button"
          className={classes['chip']}
          aria-pressed={option.value === value}
          onClick={() => onChange(option.value)}
        >
          {option.text} <span className={classes['count']}>{option.count}</span>
        </button>
      ))}
    </fieldset>
  );
}

interface SortHeadProps<Column extends string> {
  column: Column;
  sorting: Sorting<Column>;
  onSort: (column: Column) => void;
  children: ReactNode;
}

export function SortHead<Column extends string>({ column, sorting, onSort, children }: SortHeadProps<Column>) {
  const isSorted = sorting.column === column;
  const Arrow = sorting.isDescending ? IconArrowDown : IconArrowUp;
  return (
    <th scope="col" data-column={column} aria-sort={isSorted ? (sorting.isDescending ? 'descending' : 'ascending') : undefined}>
      <button type="button" className={classes['sort']} onClick={() => onSort(column)}>
        {children}
        {isSorted && <Arrow size={12} stroke={2.25} aria-hidden="true" />}
      </button>
    </th>
  );
}

interface ColumnsProps<Column extends string> {
  options: readonly { column: Column; text: string }[];
  shown: ReadonlySet<Column>;
  onChange: (shown: Column[]) => void;
}

export function Columns<Column extends string>({ options, shown, onChange }: ColumnsProps<Column>) {
  const t = useTranslations('list');
  const id = useId();
  const toggle = (column: Column, isShown: boolean): void =>
    onChange(options.map((option) => option.column).filter((name) => (name === column ? isShown : shown.has(name))));
  return (
    <>
      <Button
        variant="default"
        size="compact-md"
        popoverTarget={id}
        leftSection={<IconColumns3 size={16} stroke={1.75} aria-hidden="true" />}
        className={classes['columns']}
      >
        {t('columns')}
      </Button>
      <fieldset id={id} popover="auto" className={classes['popover']}>
        <legend className="pb-unseen">{t('columns')}</legend>
        {options.map(({ column, text }) => (
          <Checkbox
            key={column}
            size="xs"
            label={text}
            checked={shown.has(column)}
            onChange={({ currentTarget }) => toggle(column, currentTarget.checked)}
          />
        ))}
      </fieldset>
    </>
  );
}

export function Pager<Row>({ page, onPage }: { page: PageOf<Row>; onPage: (page: number) => void }) {
  const t = useTranslations('list');
  if (page.pages === 1) return null;
  return (
    <nav className={classes['pager']} aria-label={t('pages')}>
      <span>{t('shown', { from: page.from, to: page.to, total: page.total })}</span>
      <ReasonButton
        size="compact-sm"
        variant="default"
        reason={page.page === 1 ? t('isFirst') : null}
        onClick={() => onPage(page.page - 1)}
      >
        {t('previous')}
      </ReasonButton>
      <ReasonButton
        size="compact-sm"
        variant="default"
        reason={page.page === page.pages ? t('isLast') : null}
        onClick={() => onPage(page.page + 1)}
      >
        {t('next')}
      </ReasonButton>
    </nav>
  );
}
