/** Rows that are moved, added and taken out; the focus goes along with the row that moved. */
import { useEffect, useRef, useState, type RefObject } from 'react';
import { useTranslations } from 'use-intl';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { moved } from './group-values.ts';

interface Rows<Row> {
  list: RefObject<HTMLOListElement | null>;
  move: (at: number, by: 1 | -1) => void;
  remove: (at: number) => void;
  add: (make: (key: number) => Row) => void;
}

export function useRows<Row extends { key: number }>(rows: readonly Row[], onChange: (rows: Row[]) => void): Rows<Row> {
  const t = useTranslations('routing');
  const announce = useAnnounce();
  const list = useRef<HTMLOListElement>(null);
  const [focused, setFocused] = useState('');
  useEffect(() => {
    if (focused !== '') list.current?.querySelector<HTMLElement>(`[data-move="${focused.split(':')[0]}"]`)?.focus();
  }, [focused]);
  return {
    list,
    move(at, by) {
      onChange(moved(rows, at, by));
      announce(t('movedTo', { place: at + by + 1, count: rows.length }));
      // The place belongs to it, so that a second press moves it further and is heard again.
      setFocused(`${by} ${rows[at]!.key}:${at + by}`);
    },
    remove(at) {
      onChange(rows.filter((_, place) => place !== at));
      announce(t('removed', { count: rows.length - 1 }));
      list.current?.focus();
    },
    add: (make) => onChange([...rows, make(Math.max(-1, ...rows.map(({ key }) => key)) + 1)]),
  };
}
