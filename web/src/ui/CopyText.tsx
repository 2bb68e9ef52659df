/** A text for machines with a button that copies it, also where the browser has no clipboard, as on plain http. */
import { Button } from '@mantine/core';
import { useRef, useState } from 'react';
import { useTranslations } from 'use-intl';
import { copyText } from '../lib/copy.ts';
import classes from './CopyText.module.css';

export function CopyText({ label, text }: { label: string; text: string }) {
  const t = useTranslations('failure');
  const code = useRef<HTMLElement>(null);
  const [isCopied, setCopied] = useState(false);
  const copy = (): void => {
    if (!code.current) return;
    // Selected either way, so that it is seen what was meant.
    getSelection()?.selectAllChildren(code.current);
    void copyText(text, code.current).then(setCopied);
  };
  return (
    <p className={classes['line']}>
      {label} <code ref={code}>{text}</code>
      <Button size="compact-xs" variant="default" onClick={copy}>
        <span aria-live="polite">{isCopied ? t('copied') : t('copy')}</span>
      </Button>
    </p>
  );
}
