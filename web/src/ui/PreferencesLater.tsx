/** Language and theme where they are beside the point of the page: they arrive a moment after it, and their place is kept. */
import { lazy, Suspense } from 'react';
import type { PreferenceChange } from './Preferences.tsx';
import { wanted } from '../lib/wanted.ts';
import classes from './Preferences.module.css';

const Preferences = lazy(async () => ({ default: (await wanted(() => import('./Preferences.tsx'))).Preferences }));

export const PreferencesLater = ({ onChange }: { onChange?: (change: PreferenceChange) => void }) => (
  <Suspense fallback={<div className={classes['place']} />}>
    <Preferences onChange={onChange} />
  </Suspense>
);
