/** The text of a message. Answers are Markdown, whose maker is loaded with the first of them; until then the text stands as it is. */
import { lazy, Suspense } from 'react';
import classes from './Message.module.css';

const Markdown = lazy(async () => ({ default: (await import('../markdown/Markdown.tsx')).Markdown }));

export function MessageText({ text, isMarkdown }: { text: string; isMarkdown: boolean }) {
  const plain = <div className={classes['plain']}>{text}</div>;
  return isMarkdown ? (
    <Suspense fallback={plain}>
      <Markdown text={text} />
    </Suspense>
  ) : (
    plain
  );
}
