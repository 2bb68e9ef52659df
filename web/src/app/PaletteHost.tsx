/** The palette with what this page knows; a chunk of its own, loaded when it is first wanted. */
import type { Me } from '@patchbay/contract/people';
import { useNavigate } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { Palette } from '../features/palette/components/Palette.tsx';
import { found, type PaletteItem } from '../features/palette/items.ts';
import type { PreferenceChange } from '../ui/Preferences.tsx';
import { useHasPage, usePaletteItems } from './use-palette-items.ts';

interface PaletteHostProps {
  me: Me;
  initialQuery: string;
  onClose: () => void;
  onPreference: (change: PreferenceChange) => void;
  onShortcuts: () => void;
}

/** As much of a text as finds anything: what was mistyped at the end is dropped. */
export function useful(items: readonly PaletteItem[], text: string): string {
  for (let length = text.length; length > 1; length--) {
    const part = text.slice(0, length);
    if (found(items, part, []).length > 0) return part;
  }
  return '';
}

export function PaletteHost({ me, initialQuery, onClose, onPreference, onShortcuts }: PaletteHostProps) {
  const t = useTranslations('palette');
  const navigate = useNavigate();
  const hasPage = useHasPage();
  const items = usePaletteItems(me, onPreference, onShortcuts);
  const requestPage = ['/requests/$requestId', '/requests/$id'].find(hasPage);
  const ofRequest = (id: string): PaletteItem => ({
    id: `request ${id}`,
    group: 'objects',
    label: id,
    detail: t('request'),
    words: [],
    run: () => void navigate({ href: `/requests/${id}` }),
  });
  return (
    <Palette
      items={items}
      itemOfId={requestPage === undefined ? undefined : ofRequest}
      initialQuery={useful(items, initialQuery)}
      onClose={onClose}
    />
  );
}
