/** One question to the use case as it stands in the form: the answer, what the model was told, and what it took. */
import type { UseCaseTried } from '@patchbay/contract/use-cases';
import { Textarea } from '@mantine/core';
import { useState } from 'react';
import { useFormatter, useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { moneyText } from '../../../lib/money.ts';
import { Notice } from '../../../ui/Notice.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { ReasonButton } from '../../../ui/ReasonButton.tsx';
import { useTryUseCase } from '../api/use-cases.ts';
import classes from './TryOut.module.css';
import { tryOf, type Values } from './use-case-values.ts';

export function TryOut({ values }: { values: Values }) {
  const t = useTranslations('useCases');
  const language = useLocale();
  const asking = useTryUseCase();
  const [question, setQuestion] = useState('');
  const [isTooEarly, setTooEarly] = useState(false);
  const ask = (): void => {
    const asked = tryOf(values, question);
    setTooEarly(asked === null && question.trim() !== '');
    if (asked !== null && !asking.isPending) asking.mutate(asked);
  };
  return (
    <Panel title={t('tryTitle')} text={t('tryText')}>
      <div className={classes['ask']}>
        <Textarea
          label={t('question')}
          value={question}
          onChange={(event) => setQuestion(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
            event.preventDefault();
            ask();
          }}
          rows={2}
          resize="vertical"
          maxLength={8000}
        />
        <div>
          <ReasonButton
            variant="default"
            reason={question.trim() === '' ? t('tryEmpty') : null}
            loading={asking.isPending}
            loaderProps={{ 'aria-label': t('trying') }}
            onClick={ask}
          >
            {t('try')}
          </ReasonButton>
        </div>
      </div>
      <div className={classes['answer']} aria-live="polite">
        {isTooEarly && (
          <Notice tone="info">
            <p>{t('tryFirst')}</p>
          </Notice>
        )}
        {asking.isError && <Notice tone="bad">{errorText(asking.error, language)}</Notice>}
        {asking.data && !asking.isPending && <Tried tried={asking.data} />}
      </div>
    </Panel>
  );
}

function Tried({ tried }: { tried: UseCaseTried }) {
  const t = useTranslations('useCases');
  const format = useFormatter();
  const cost = tried.costUsd === null ? t('noPrice') : moneyText(format, Number(tried.costUsd));
  return (
    <>
      {tried.failure === null ? (
        <section className={classes['said']} aria-label={t('answer')}>
          {tried.answer === '' ? <em>{t('noAnswer')}</em> : tried.answer}
        </section>
      ) : (
        <Notice tone="bad" title={tried.failure.issue}>
          {tried.failure.check !== null && <p>{tried.failure.check}</p>}
          {tried.failure.resolution !== null && <p>{tried.failure.resolution}</p>}
        </Notice>
      )}
      {tried.model !== null && (
        <p className={classes['facts']}>
          {t('facts', {
            model: tried.model,
            tokensIn: format.number(tried.tokensIn),
            tokensOut: format.number(tried.tokensOut),
            cost,
            ms: format.number(tried.latencyMs),
          })}
        </p>
      )}
      <details className={classes['prompt']}>
        <summary>{t('promptSent')}</summary>
        <pre>{tried.prompt}</pre>
      </details>
    </>
  );
}
