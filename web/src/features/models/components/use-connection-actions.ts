/** What can be done with one connection from its row, and what came of it. */
import type { AiConnection } from '@patchbay/contract/ai-connections';
import type { TestResult } from '@patchbay/contract/connections';
import { useState } from 'react';
import { useFormatter, useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { useSetDefault } from '../api/set-default.ts';
import { useTestConnection } from '../api/test-connection.ts';

export interface ConnectionActions {
  test: () => void;
  isTesting: boolean;
  result: TestResult | null;
  /** Why the last action could not be done, as a sentence. */
  fault: string | null;
  setDefault: () => void;
  isSettingDefault: boolean;
  maySetDefault: boolean;
  hide: () => void;
}

/** @param mayManage whether the caller may change connections of the organization */
export function useConnectionActions(connection: AiConnection, mayManage: boolean): ConnectionActions {
  const t = useTranslations();
  const language = useLocale();
  const format = useFormatter();
  const announce = useAnnounce();
  const test = useTestConnection(connection.id);
  const makeDefault = useSetDefault(connection.id);
  const [isHidden, setHidden] = useState(false);
  const say = (reason: string): void => announce(`${connection.name}: ${reason}`);
  const failed = test.error ?? makeDefault.error;
  return {
    test: () => {
      setHidden(false);
      makeDefault.reset();
      test.mutate(undefined, {
        onSuccess: ({ success, message, latencyMs }) =>
          say(success ? t('connections.resultOk', { ms: t('trace.ms', { ms: format.number(latencyMs ?? 0) }) }) : message),
        onError: (error) => say(errorText(error, language)),
      });
    },
    isTesting: test.isPending,
    result: isHidden ? null : (test.data ?? null),
    fault: failed && !isHidden ? errorText(failed, language) : null,
    setDefault: () => {
      setHidden(false);
      test.reset();
      makeDefault.mutate(undefined, {
        onSuccess: () => say(t('connections.default')),
        onError: (error) => say(errorText(error, language)),
      });
    },
    isSettingDefault: makeDefault.isPending,
    maySetDefault: !connection.isDefault && !connection.isReadOnly && connection.isActive && (connection.scope === 'user' || mayManage),
    hide: () => setHidden(true),
  };
}
