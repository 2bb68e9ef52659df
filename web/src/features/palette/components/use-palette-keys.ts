/** What the keys of the palette do: choose, step into an object and back, run. */
import { useState, type KeyboardEvent, type RefObject } from 'react';
import { found, type PaletteAction, type PaletteItem } from '../items.ts';
import { noteRecent, recentIds } from '../recent.ts';

export type Option = PaletteItem | PaletteAction;

export interface PaletteProps {
  items: readonly PaletteItem[];
  /** What a whole id of a request leads to; left out where there is no page for it. */
  itemOfId?: (id: string) => PaletteItem;
  /** What stands in the field when it opens. */
  initialQuery: string;
  onClose: () => void;
}

const idForm = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const optionId = (listId: string, index: number): string => `${listId}-${index}`;

function optionsFor({ items, itemOfId }: PaletteProps, query: string, recent: readonly string[]): PaletteItem[] {
  const id = query.trim().toLowerCase();
  const pasted = itemOfId && idForm.test(id) ? [itemOfId(id)] : [];
  return [...pasted, ...found(items, query, recent)];
}

export function usePaletteKeys(props: PaletteProps, listId: string, dialog: RefObject<HTMLDialogElement | null>) {
  const [query, setQuery] = useState(props.initialQuery);
  const [active, setActive] = useState(0);
  /** The object whose actions are listed. */
  const [opened, setOpened] = useState<PaletteItem | null>(null);
  const [recent] = useState(recentIds);
  const options: readonly Option[] = opened?.actions ?? optionsFor(props, query, recent);
  const at = Math.min(active, Math.max(0, options.length - 1));
  const current = options[at];

  const choose = (option: Option): void => {
    noteRecent(opened?.id ?? option.id);
    dialog.current?.close();
    option.run();
  };
  const stepInto = (): boolean => {
    if (!current || opened || !('actions' in current) || !current.actions?.length) return false;
    setOpened(current);
    setActive(0);
    return true;
  };
  const stepBack = (): boolean => {
    if (!opened) return false;
    setActive(0);
    setOpened(null);
    return true;
  };
  const move = (step: number): boolean => {
    const index = (at + step + options.length) % Math.max(1, options.length);
    setActive(index);
    document.getElementById(optionId(listId, index))?.scrollIntoView({ block: 'nearest' });
    return true;
  };
  const press = (key: string, isAtEnd: boolean): boolean => {
    if (key === 'ArrowDown') return move(1);
    if (key === 'ArrowUp') return move(-1);
    if (key === 'ArrowRight') return isAtEnd && stepInto();
    if (key === 'ArrowLeft' || key === 'Escape') return stepBack();
    if (key !== 'Enter') return false;
    if (current) choose(current);
    return true;
  };
  return {
    query,
    setQuery: (text: string): void => {
      setQuery(text);
      setActive(0);
    },
    opened,
    options,
    at,
    setActive,
    choose,
    onKeyDown: (event: KeyboardEvent<HTMLInputElement>): void => {
      const { selectionStart, value } = event.currentTarget;
      if (!event.nativeEvent.isComposing && press(event.key, selectionStart === value.length)) event.preventDefault();
    },
  };
}
