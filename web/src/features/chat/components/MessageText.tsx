/** The text of a message. Answers are Markdown, whose maker may still be on its way; until then the text stands as it is. */
import { createElement, lazy, Suspense } from 'react';
import { loadedMarkdown, loadMarkdown } from '../markdown/load.ts';
import classes from './Message.module.css';

const LateMarkdown = lazy(async () => ({ default: await loadMarkdown() }));

export function MessageText({ text, isMarkdown }: { text: string; isMarkdown: boolean }) {
  const plain = <div className={classes['plain']}>{text}</div>;
  if (!isMarkdown) return plain;
  const maker = loadedMarkdown();
  if (maker) return createElement(maker, { text });
  return (
    <Suspense fallback={plain}>
      <LateMarkdown text={text} />
    </Suspense>
  );
}
