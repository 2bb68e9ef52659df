/** A text for machines with a button that copies it, also where the browser has no clipboard, as on plain http. */
import { Button } from '@mantine/core';
import { useRef, useState } from 'react';
import { useTranslations } from 'use-intl';
import classes from './CopyText.module.css';

/** Selects the text either way: where copying is refused, the keyboard can do it. */
async function copyFrom(element: HTMLElement): Promise<boolean> {
  const selection = getSelection();
  selection?.selectAllChildren(element);
  try {
    await navigator.clipboard.writeText(element.textContent);
    return true;
  } catch {
    return document.execCommand('copy');
  }
}

export function CopyText({ label, text }: { label: string; text: string }) {
  const t = useTranslations('failure');
  const code = useRef<HTMLElement>(null);
  const [isCopied, setCopied] = useState(false);
  const copy = (): void => {
    if (code.current) void copyFrom(code.current).then(setCopied);
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
