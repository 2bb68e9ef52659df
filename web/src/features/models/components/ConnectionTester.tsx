/** The live test beside the form: it sends what is typed, saves nothing, and shows each of its five steps with its time. */
import type { TestResult } from '@patchbay/contract/connections';
import { IconPlayerPlay } from '@tabler/icons-react';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { ReasonButton } from '../../../ui/ReasonButton.tsx';
import classes from './ConnectionTester.module.css';
import { TestFindings } from './TestFindings.tsx';
import { useTestSentence } from './use-test-sentence.ts';

interface ConnectionTesterProps {
  result: TestResult | null;
  error: unknown;
  isTesting: boolean;
  /** TRUE where the form has changed since the test. */
  isOutdated: boolean;
  onRun: () => void;
  onAddress: (baseUrl: string) => void;
  /** In a dialog it is a part of the form, without a panel of its own. */
  isPlain?: boolean;
}

export function ConnectionTester({ result, error, isTesting, isOutdated, onRun, onAddress, isPlain = false }: ConnectionTesterProps) {
  const t = useTranslations();
  const language = useLocale();
  const sentence = useTestSentence();
  const fault = error === null ? null : errorText(error, language);
  return (
    <section className={classes['tester']} data-plain={isPlain || undefined} aria-labelledby="tester-title">
      <div className={classes['head']}>
        <h2 id="tester-title">{t('form.testTitle')}</h2>
        <ReasonButton
          size="compact-sm"
          variant="default"
          leftSection={<IconPlayerPlay size={14} stroke={1.75} aria-hidden="true" />}
          reason={isTesting ? t('connections.testing') : null}
          onClick={onRun}
        >
          {isTesting ? t('connections.testing') : t('form.test')}
        </ReasonButton>
      </div>
      {result === null && !isTesting && fault === null && <p className={classes['text']}>{t('form.testText')}</p>}
      <TestFindings label={t('form.testTitle')} result={result} isTesting={isTesting} fault={fault} onAddress={onAddress} />
      {result?.success === true && !isTesting && <p className={classes['text']}>{sentence(result)}</p>}
      {isOutdated && result !== null && !isTesting && <p className={classes['old']}>{t('form.outdated')}</p>}
    </section>
  );
}
