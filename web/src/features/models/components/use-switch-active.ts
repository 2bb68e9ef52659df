/** Switching connections on and off: what is in use is asked about before it is switched off, one by one or several at a time. */
import { useRef, useState } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { dependantsOf, useSetActive } from '../api/set-active.ts';

/** One thing that uses a connection, or several of a kind that are not named. */
export interface Dependant {
  kind: string;
  id: string | null;
  name: string | null;
  count?: number;
}

export interface Switched {
  id: string;
  name: string;
}

export interface SwitchQuestion {
  connection: Switched;
  dependants: readonly Dependant[];
}

export interface ActiveSwitch {
  request: (connection: Switched, isActive: boolean) => void;
  /** Ids whose switch is on its way. */
  pending: ReadonlySet<string>;
  question: SwitchQuestion | null;
  confirm: () => void;
  cancel: () => void;
  /** Why the last one could not be switched, as a sentence; null for none. */
  fault: string | null;
}

export function useSwitchActive(): ActiveSwitch {
  const t = useTranslations('models');
  const language = useLocale();
  const announce = useAnnounce();
  const setActive = useSetActive();
  const [pending, setPending] = useState<ReadonlySet<string>>(new Set());
  const [question, setQuestion] = useState<SwitchQuestion | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const last = useRef(Promise.resolve());
  const mark = (id: string, isPending: boolean): void =>
    setPending((ids) => new Set(isPending ? [...ids, id] : [...ids].filter((other) => other !== id)));
  const fail = (name: string, error: unknown): void => {
    const text = `${name}: ${errorText(error, language)}`;
    setFault(text);
    announce(text);
  };
  const perform = async ({ id, name }: Switched, isActive: boolean): Promise<void> => {
    mark(id, true);
    try {
      await setActive.mutateAsync({ id, isActive });
      announce(t(isActive ? 'activated' : 'deactivated', { name }));
    } catch (error) {
      fail(name, error);
    } finally {
      mark(id, false);
    }
  };
  const ask = async (connection: Switched): Promise<void> => {
    mark(connection.id, true);
    try {
      // What falls back to something else is no reason to ask.
      const dependants = (await dependantsOf(connection.id)).filter(({ isBlocking }) => isBlocking);
      if (dependants.length > 0) return setQuestion({ connection, dependants });
    } catch (error) {
      return fail(connection.name, error);
    } finally {
      mark(connection.id, false);
    }
    await perform(connection, false);
  };
  return {
    request: (connection, isActive) => {
      setFault(null);
      // One after the other, so that the last press is also the last word.
      last.current = last.current.then(() => (isActive ? perform(connection, true) : ask(connection)));
    },
    pending,
    question,
    confirm: () => {
      setQuestion(null);
      if (question) void perform(question.connection, false);
    },
    cancel: () => setQuestion(null),
    fault,
  };
}
