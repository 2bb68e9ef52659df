/** The maker of Markdown is large and loaded apart; once it is there it is used without a moment's wait. */
import type { ComponentType } from 'react';
import { wanted } from '../../../lib/wanted.ts';

type Maker = ComponentType<{ text: string }>;

let maker: Maker | null = null;

export const loadedMarkdown = (): Maker | null => maker;

export async function loadMarkdown(): Promise<Maker> {
  maker ??= (await wanted(() => import('./Markdown.tsx'))).Markdown;
  return maker;
}
