/** What a test found out: the measured steps, and where one failed, why and what to do, in the language of the page. */
import { Button } from '@mantine/core';
import type { TestResult } from '@patchbay/contract/connections';
import { Link } from '@tanstack/react-router';
import { useFormatter, useTranslations } from 'use-intl';
import { Notice } from '../../../ui/Notice.tsx';
import { Trace, type TraceStep } from '../../../ui/Trace.tsx';
import classes from './TestFindings.module.css';

const stepNames = ['reach', 'tls', 'authenticate', 'models', 'completion'] as const;

interface TestFindingsProps {
  label: string;
  /** Null before and during the first test. */
  result: TestResult | null;
  isTesting: boolean;
  /** Why there is no result, as a sentence. */
  fault: string | null;
  /** Takes over the address that answered in place of the one entered; where it is missing, none is proposed. */
  onAddress?: (baseUrl: string) => void;
  /** The connection in whose form a wrong key is replaced; null where the caller may not, or stands in it already. */
  formOf?: string | null;
}

/** These are mended by another key. */
const keyFaults: ReadonlySet<string | null> = new Set(['AUTH', 'SECRET_UNREADABLE']);

export function TestFindings({ label, result, isTesting, fault, onAddress, formOf = null }: TestFindingsProps) {
  const t = useTranslations('connections');
  const steps = useSteps(result, isTesting);
  const address = onAddress && !isTesting ? (result?.proposedBaseUrl ?? null) : null;
  return (
    <div className={classes['findings']}>
      {(result !== null || isTesting) && <Trace label={label} steps={steps} isLive={isTesting} />}
      {result !== null && !isTesting && !result.success && (
        <Notice tone="bad" title={result.message}>
          {result.hint !== null && <p>{result.hint}</p>}
          {result.egressEntry !== null && <code className={classes['said']}>{result.egressEntry}</code>}
          {result.providerMessage !== null && (
            <p>
              {t('provided')}: <q className={classes['said']}>{result.providerMessage}</q>
            </p>
          )}
          {formOf !== null && keyFaults.has(result.errorCode) && (
            <p>
              <Link to="/settings/ai-connections/$id/edit" params={{ id: formOf }}>
                {t('replaceKey')}
              </Link>
            </p>
          )}
        </Notice>
      )}
      {address !== null && (
        <p className={classes['address']}>
          {t('proposed')} <code className={classes['said']}>{address}</code>{' '}
          <Button size="compact-xs" variant="default" onClick={() => onAddress?.(address)}>
            {t('apply')}
          </Button>
        </p>
      )}
      {fault !== null && (
        <Notice tone="bad">
          <p>{fault}</p>
        </Notice>
      )}
    </div>
  );
}

/** While the test runs nobody knows how far it is, so only its beginning is marked. */
function useSteps(result: TestResult | null, isTesting: boolean): TraceStep[] {
  const t = useTranslations('trace');
  const format = useFormatter();
  if (isTesting || result === null)
    return stepNames.map((name, place) => {
      const state = place === 0 ? 'current' : 'open';
      return { label: t(name), state, stateText: t(state) };
    });
  // What came after the step that failed was not run, and the line says so.
  return stepNames.map((name) => {
    const { outcome = 'skipped', latencyMs = null } = result.steps.find((step) => step.name === name) ?? {};
    return {
      label: t(name),
      state: outcome,
      stateText: t(outcome),
      measure: latencyMs === null ? '—' : t('ms', { ms: format.number(latencyMs) }),
    };
  });
}
