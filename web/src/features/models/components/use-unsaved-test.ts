/** A test of what stands in a form, and whether it still speaks of it. */
import type { TestConfiguration } from '@patchbay/contract/configurations';
import type { TestResult } from '@patchbay/contract/connections';
import { useState } from 'react';
import { useLocale } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { useTestUnsaved } from '../api/test-unsaved.ts';
import type { ConnectionForm } from '../form/use-connection-form.ts';
import type { FormValues } from '../form/values.ts';
import { useTestSentence } from './use-test-sentence.ts';

export interface UnsavedTest {
  result: TestResult | null;
  error: unknown;
  isTesting: boolean;
  isOutdated: boolean;
  onRun: () => void;
  /** TRUE where exactly what stands in the form has passed. */
  isProven: boolean;
}

/** Name and switches are no part of what is tested. */
const isSameTarget = (one: FormValues, other: FormValues): boolean => {
  const [a, b] = [one, other].map((values) => JSON.stringify({ ...values, name: '', isDefault: false, isActive: true }));
  return a === b;
};

export function useUnsavedTest(form: ConnectionForm): UnsavedTest {
  const language = useLocale();
  const sentence = useTestSentence();
  const announce = useAnnounce();
  const test = useTestUnsaved();
  const [tested, setTested] = useState<FormValues | null>(null);
  const isOutdated = tested !== null && !isSameTarget(tested, form.values);
  const run = (): void => {
    const settled = form.settle();
    if (!settled) return;
    // Names are judged when they are saved.
    const { name: _name, ...target } = settled;
    const input: TestConfiguration = form.stored ? { ...target, id: form.stored.id } : target;
    setTested(form.values);
    test.mutate(input, {
      onSuccess: (result) => announce(sentence(result)),
      onError: (error) => {
        form.refuse(error);
        announce(errorText(error, language));
      },
    });
  };
  return {
    result: test.data ?? null,
    error: test.error,
    isTesting: test.isPending,
    isOutdated,
    onRun: run,
    isProven: test.data?.success === true && !test.isPending && !isOutdated,
  };
}
