/** Around a form over something that others change too: it follows them until somebody types, and then keeps what was typed until that is saved or given up. */
import { useState, type ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { Refusal } from './Refusal.tsx';

export interface Holding {
  /** What was typed is saved: the form follows again. */
  release: () => void;
  /** What the server said to the form, if anything; after somebody else's change with the way to give up what was typed for theirs. */
  refusal: (error: Error | null) => ReactNode;
}

interface HeldProps<Of> {
  of: Of;
  /** Another one is another state of the thing. */
  revision: number;
  /** Asks for what the thing is now. */
  onLoad: () => void;
  children: (of: Of, holding: Holding) => ReactNode;
}

export function Held<Of>({ of, revision, onLoad, children }: HeldProps<Of>) {
  const t = useTranslations('app');
  const [held, hold] = useState<{ of: Of; revision: number } | null>(null);
  const shown = held ?? { of, revision };
  const keep = (): void => hold((before) => before ?? shown);
  const release = (): void => hold(null);
  const load = (): void => {
    release();
    onLoad();
  };
  const refusal = (error: Error | null): ReactNode =>
    error === null ? null : <Refusal error={error} loadLabel={t('loadCurrent')} onLoad={load} />;
  return (
    <div key={shown.revision} className="pb-held" onInput={keep} onSubmit={keep}>
      {children(shown.of, { release, refusal })}
    </div>
  );
}
