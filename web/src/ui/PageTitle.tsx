/** The name of a page: in the window's title, and as the heading that has the focus when the page opens. */
import type { ReactNode } from 'react';
import { usePageTitle } from '../lib/focus.ts';

interface PageTitleProps {
  title: string;
  /** For a heading that says it in other words than the window. */
  children?: ReactNode;
}

export function PageTitle({ title, children = title }: PageTitleProps) {
  const heading = usePageTitle(title);
  return (
    <h1 id="page-title" ref={heading} tabIndex={-1}>
      {children}
    </h1>
  );
}
