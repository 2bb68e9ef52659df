/** The question and the answer that are on their way: what has come so far, and that more is coming. */
import { useTranslations } from 'use-intl';
import type { LiveAnswer } from '../live/live-answers.ts';
import { Reasoning } from './Message.tsx';
import classes from './Message.module.css';
import { MessageText } from './MessageText.tsx';
import { liveQuestionOf } from './shown-messages.ts';

export function LiveMessages({ live }: { live: LiveAnswer }) {
  const t = useTranslations('chat');
  const question = liveQuestionOf(live);
  return (
    <>
      {question !== null && (
        <article className={classes['message']} data-role="user" aria-label={t('you')}>
          <p className={classes['who']}>{t('you')}</p>
          <div className={classes['text']}>
            <MessageText text={question} isMarkdown={false} />
          </div>
        </article>
      )}
      <article className={classes['message']} data-role="assistant" aria-label={t('assistant')}>
        <p className={classes['who']}>{t('assistant')}</p>
        {live.reasoning !== '' && <Reasoning text={live.reasoning} isOpen={live.text === ''} />}
        {live.text !== '' && (
          <div className={classes['text']}>
            <MessageText text={live.text} isMarkdown />
          </div>
        )}
        <p className={classes['ending']}>
          <span className={classes['pulse']} aria-hidden="true" />
          {live.reasoning !== '' && live.text === '' ? t('thinking') : t('writing')}
        </p>
      </article>
    </>
  );
}
