/** Palette and sheet of shortcuts: when they open, and what opens them. Both are loaded apart from the page. */
import type { Me } from '@patchbay/contract/people';
import { lazy, Suspense, useCallback, useEffect, useState } from 'react';
import { whenIdle } from '../lib/idle.ts';
import { wanted } from '../lib/wanted.ts';
import type { PreferenceChange } from '../ui/Preferences.tsx';
import { useShortcuts } from './use-shortcuts.ts';

const PaletteHost = lazy(async () => ({ default: (await wanted(() => import('./PaletteHost.tsx'))).PaletteHost }));
const SheetHost = lazy(async () => ({ default: (await wanted(() => import('./SheetHost.tsx'))).SheetHost }));

export interface Overlays {
  open: 'palette' | 'sheet' | null;
  openPalette: () => void;
  openSheet: () => void;
  close: () => void;
}

export function useOverlays(initial: Overlays['open'] = null): Overlays {
  const [open, setOpen] = useState<Overlays['open']>(initial);
  const openPalette = useCallback(() => setOpen('palette'), []);
  const openSheet = useCallback(() => setOpen('sheet'), []);
  const close = useCallback(() => setOpen(null), []);
  useShortcuts({ onPalette: openPalette, onSheet: openSheet });
  // Whoever presses the keys waits neither for its file nor for its styles, which would have the whole page's looked through again.
  useEffect(() => whenIdle(() => void import('./PaletteHost.tsx').catch(() => undefined)), []);
  return { open, openPalette, openSheet, close };
}

interface OverlaysProps {
  me: Me;
  overlays: Overlays;
  initialQuery?: string;
  onPreference: (change: PreferenceChange) => void;
}

export function OverlayDialogs({ me, overlays, initialQuery = '', onPreference }: OverlaysProps) {
  const { open, openSheet, close } = overlays;
  return (
    <Suspense fallback={null}>
      {open === 'palette' && (
        <PaletteHost
          me={me}
          initialQuery={initialQuery}
          // The sheet may have been opened from within: only the palette's own end is meant.
          onClose={close}
          onPreference={onPreference}
          onShortcuts={() => queueMicrotask(openSheet)}
        />
      )}
      {open === 'sheet' && <SheetHost me={me} onClose={close} />}
    </Suspense>
  );
}
