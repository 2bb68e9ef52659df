/** A text held against the rules as they stand in the form: what they find in it, and what would go on. */
import type { PolicyChecked } from '@patchbay/contract/policies';
import { Textarea } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { Notice } from '../../../ui/Notice.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { ReasonButton } from '../../../ui/ReasonButton.tsx';
import { useCheckText } from '../api/policies.ts';
import classes from './policies.module.css';
import { rulesOf, type Values } from './policy-values.ts';

export function TryOut({ values }: { values: Values }) {
  const t = useTranslations('policies');
  const language = useLocale();
  const checking = useCheckText();
  const [text, setText] = useState('');
  const [checked, setChecked] = useState('');
  const check = (): void => {
    setChecked(text);
    checking.mutate({ text, draft: { action: values.action, rules: rulesOf(values) } });
  };
  return (
    <Panel title={t('tryTitle')} text={t('tryText')}>
      <div className={classes['ask']}>
        <Textarea
          label={t('tryLabel')}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          rows={5}
          resize="vertical"
          maxLength={20_000}
        />
        <div>
          <ReasonButton
            variant="default"
            reason={text.trim() === '' ? t('tryEmpty') : null}
            loading={checking.isPending}
            loaderProps={{ 'aria-label': t('trying') }}
            onClick={check}
          >
            {t('try')}
          </ReasonButton>
        </div>
      </div>
      <div className={classes['answer']} aria-live="polite">
        {checking.isError && <Notice tone="bad">{errorText(checking.error, language)}</Notice>}
        {checking.data && !checking.isPending && <Checked text={checked} checked={checking.data} />}
      </div>
    </Panel>
  );
}

function Checked({ text, checked: { findings, isBlocked, text: goesOn } }: { text: string; checked: PolicyChecked }) {
  const t = useTranslations('policies');
  if (findings.length === 0)
    return (
      <Notice tone="info">
        <p>{t('foundNothing')}</p>
      </Notice>
    );
  return (
    <>
      <p className={classes['verdict']} data-blocked={isBlocked || undefined}>
        {t(isBlocked ? 'wouldBlock' : goesOn === text ? 'wouldPass' : 'wouldCover', { count: findings.length })}
      </p>
      <section className={classes['said']} aria-label={t('foundIn')}>
        <Marked text={text} findings={findings} />
      </section>
      <ul className={classes['findings']}>
        {findings.map(({ rule, name, start, end }) => (
          <li key={`${rule}${name}${start}`}>
            <span>{rule === 'personal' ? t(`detector.${name as 'email'}`) : t(`rule.${rule}`, { name })}</span>{' '}
            <code>{text.slice(start, end)}</code>
          </li>
        ))}
      </ul>
      {goesOn !== null && goesOn !== text && (
        <>
          <p className={classes['hint']}>{t('goesOn')}</p>
          <div className={classes['said']}>{goesOn}</div>
        </>
      )}
    </>
  );
}

/** The text with what was found in it marked; where finds lie over each other, the first one counts. */
function Marked({ text, findings }: { text: string; findings: PolicyChecked['findings'] }) {
  const parts: ReactNode[] = [];
  let at = 0;
  for (const { start, end } of findings) {
    if (start < at) continue;
    parts.push(text.slice(at, start), <mark key={start}>{text.slice(start, end)}</mark>);
    at = end;
  }
  return [...parts, text.slice(at)];
}
