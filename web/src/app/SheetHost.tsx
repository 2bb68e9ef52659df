/** The sheet of shortcuts with the pages of this person; a chunk of its own. */
import type { Me } from '@patchbay/contract/people';
import { useTranslations } from 'use-intl';
import { ShortcutSheet } from '../features/palette/components/ShortcutSheet.tsx';
import { navEntries } from './nav-entries.ts';

export function SheetHost({ me, onClose }: { me: Me; onClose: () => void }) {
  const t = useTranslations('nav');
  const places = navEntries
    .filter(({ may, letter }) => letter !== undefined && may?.(me) !== false)
    .map(({ key, letter = '' }) => ({ keys: ['G', letter.toUpperCase()], text: t(key) }));
  return <ShortcutSheet places={places} onClose={onClose} />;
}
