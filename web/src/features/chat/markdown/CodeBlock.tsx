/** A block of code: its language, a button that copies it, and colours once they are there. It reads the same without them. */
import { useEffect, useRef, useState } from 'react';
import { useTranslations } from 'use-intl';
import { copyText } from '../../../lib/copy.ts';
import classes from './Markdown.module.css';
import { coloursOf } from './colours.ts';
import type { Line } from './highlight.ts';
import { Scroller } from './Scroller.tsx';

/** While code is still being written it is not coloured: it would be, anew, with every word. */
const settledMs = 250;

function useTokens(code: string, language: string | null): Line[] | null {
  const [known, setKnown] = useState<{ code: string; lines: Line[] | null }>({ code: '', lines: null });
  useEffect(() => {
    if (language === null) return;
    let isWanted = true;
    const timer = setTimeout(() => {
      void coloursOf(code, language).then((lines) => isWanted && setKnown({ code, lines }));
    }, settledMs);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [code, language]);
  return known.code === code ? known.lines : null;
}

export function CodeBlock({ code, language }: { code: string; language: string | null }) {
  const t = useTranslations('chat');
  const place = useRef<HTMLElement>(null);
  const [isCopied, setCopied] = useState(false);
  const lines = useTokens(code, language);
  const copy = (): void => {
    if (place.current) void copyText(code, place.current).then(setCopied);
  };
  return (
    <div className={classes['block']}>
      <div className={classes['bar']}>
        <span>{language ?? t('code')}</span>
        <button type="button" className={classes['copy']} onClick={copy}>
          <span aria-live="polite">{isCopied ? t('copied') : t('copyCode')}</span>
        </button>
      </div>
      <Scroller label={t('codeOf', { language: language ?? t('code') })}>
        <pre className={classes['pre']}>
          <code ref={place}>{lines ? <Lines lines={lines} /> : code}</code>
        </pre>
      </Scroller>
    </div>
  );
}

function Lines({ lines }: { lines: readonly Line[] }) {
  return lines.map((line, row) => (
    <span key={line.offset}>
      {line.tokens.map(({ content, color, offset }) => (
        <span key={offset} style={color === undefined ? undefined : { color }}>
          {content}
        </span>
      ))}
      {row < lines.length - 1 ? '\n' : ''}
    </span>
  ));
}
