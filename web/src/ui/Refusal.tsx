/** What the server says to a form as a whole; after somebody else's change, the way to what the thing is now. */
import { Button } from '@mantine/core';
import { useLocale } from 'use-intl';
import { conflictOf } from '../lib/conflict.ts';
import { errorText } from '../lib/error-text.ts';
import { Notice } from './Notice.tsx';

interface RefusalProps<Current> {
  error: unknown;
  /** On the button that takes over what somebody else has made of it. */
  loadLabel: string;
  onLoad: (current: Current) => void;
}

export function Refusal<Current>({ error, loadLabel, onLoad }: RefusalProps<Current>) {
  const language = useLocale();
  const conflict = conflictOf<Current>(error);
  return (
    <Notice tone="bad">
      <p>{errorText(error, language)}</p>
      {conflict !== null && (
        <Button variant="default" size="compact-sm" onClick={() => onLoad(conflict.current)}>
          {loadLabel}
        </Button>
      )}
    </Notice>
  );
}
