/** Opens the palette; it looks like the field that it leads to. */
import { IconSearch } from '@tabler/icons-react';
import { useTranslations } from 'use-intl';
import classes from './SearchButton.module.css';

export function SearchButton({ onOpen }: { onOpen: () => void }) {
  const t = useTranslations('palette');
  return (
    <button type="button" className={classes['search']} aria-keyshortcuts="Control+K" onClick={onOpen}>
      <IconSearch size={16} stroke={1.75} aria-hidden="true" />
      <span className={classes['text']}>{t('search')}</span>
      <kbd className={classes['keys']} aria-hidden="true">
        Ctrl K
      </kbd>
    </button>
  );
}
