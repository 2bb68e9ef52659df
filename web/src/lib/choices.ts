/** What a person chooses for this browser: how dense rows are, whether single letters do something, which workspace is meant. */
import type { Me } from '@patchbay/contract/people';
import { choiceOf } from './choice.ts';

export type Density = 'compact' | 'comfortable';

/** The tokens read it from the document, so no component asks for it. */
export const density = choiceOf<Density>(
  'patchbay-density',
  (stored) => (stored === 'comfortable' ? 'comfortable' : 'compact'),
  (value) => {
    document.documentElement.dataset['density'] = value;
  },
);

/** Single-letter shortcuts; WCAG 2.1.4 wants a way to turn them off. */
export const shortcuts = choiceOf<'on' | 'off'>('patchbay-shortcuts', (stored) => (stored === 'off' ? 'off' : 'on'));

/** The id of the workspace that was chosen last; it may be one that the person has left since. */
export const workspaceChoice = choiceOf<string>('patchbay-workspace', (stored) => stored ?? '');

/** The workspace that pages show: the chosen one, else the first of the person's; null where there is none. */
export function useWorkspace(me: Me): Me['workspaces'][number] | null {
  const chosen = workspaceChoice.use();
  return me.workspaces.find(({ id }) => id === chosen) ?? me.workspaces[0] ?? null;
}
