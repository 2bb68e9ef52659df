/** What can be done with one connection from its row, and what came of it. */
import type { AiConnection } from '@patchbay/contract/ai-connections';
import type { TestResult } from '@patchbay/contract/connections';
import { useState } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { useTestConnection } from '../api/connection-tests.ts';
import { useSetDefault } from '../api/set-default.ts';
import { useTestSentence } from './use-test-sentence.ts';

/** A row's test and what it found out. */
export interface RowTest {
  test: () => void;
  isTesting: boolean;
  result: TestResult | null;
  /** Why the last action could not be done, as a sentence. */
  fault: string | null;
  hide: () => void;
}

export interface ConnectionActions extends RowTest {
  setDefault: () => void;
  isSettingDefault: boolean;
  maySetDefault: boolean;
}

/** What every lens can do with a connection. */
export function useRowTest(connection: { id: string; name: string }): RowTest {
  const language = useLocale();
  const announce = useAnnounce();
  const sentence = useTestSentence();
  const { test, isTesting, result, fault, hide } = useTestConnection(connection.id);
  const run = async (): Promise<void> => {
    const outcome = await test();
    const reason = outcome.result ? sentence(outcome.result) : errorText(outcome.fault, language);
    announce(`${connection.name}: ${reason}`);
  };
  return { test: () => void run(), isTesting, result, fault: fault ? errorText(fault, language) : null, hide };
}

/** @param mayManage whether the caller may change connections of the organization */
export function useConnectionActions(connection: AiConnection, mayManage: boolean): ConnectionActions {
  const t = useTranslations('connections');
  const language = useLocale();
  const announce = useAnnounce();
  const row = useRowTest(connection);
  const makeDefault = useSetDefault(connection.id);
  const [isHidden, setHidden] = useState(false);
  const refused = makeDefault.error && !isHidden ? errorText(makeDefault.error, language) : null;
  return {
    ...row,
    fault: row.fault ?? refused,
    setDefault: () => {
      setHidden(false);
      row.hide();
      makeDefault.mutate(undefined, {
        onSuccess: () => announce(`${connection.name}: ${t('default')}`),
        onError: (error) => announce(`${connection.name}: ${errorText(error, language)}`),
      });
    },
    isSettingDefault: makeDefault.isPending,
    maySetDefault: !connection.isDefault && !connection.isReadOnly && connection.isActive && (connection.scope === 'user' || mayManage),
    hide: () => {
      row.hide();
      setHidden(true);
    },
  };
}
