/** What was asked and answered, where the workspace keeps it; else where that is turned on. */
import type { RequestContent } from '@patchbay/client/requests';
import { useQuery } from '@tanstack/react-query';
import { useFormatter, useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { Loading } from '../../../ui/Loading.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { contentQuery } from '../api/requests.ts';
import { ReplayButton, type OnReplay } from './ReplayButton.tsx';
import classes from './requests.module.css';

/** What scrolls can be reached and moved by keyboard (WCAG 2.1.1). */
const reachable = { tabIndex: 0 };

type Side = NonNullable<RequestContent['request']>;

/** JSON as people read it; anything else as it came. */
function shown({ text, isTruncated, mediaType }: Side): string {
  if (text === null) return '';
  if (isTruncated || !mediaType.includes('json')) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

interface ContentProps {
  id: string;
  hasContent: boolean;
  workspaceId: string | null;
  /** Null for somebody who may not chat. */
  onReplay: OnReplay | null;
}

export function Content({ id, hasContent, workspaceId, onReplay }: ContentProps) {
  const t = useTranslations('requests');
  if (!hasContent) return <p className={classes['hint']}>{t(workspaceId === null ? 'contentNever' : 'contentNone')}</p>;
  return <Kept id={id} onReplay={onReplay} />;
}

function Kept({ id, onReplay }: Pick<ContentProps, 'id' | 'onReplay'>) {
  const t = useTranslations('requests');
  const format = useFormatter();
  const language = useLocale();
  const { data, error } = useQuery(contentQuery(id));
  if (error && !data) return <Notice tone="bad">{errorText(error, language)}</Notice>;
  if (!data) return <Loading isAsked />;
  return (
    <div className={classes['content']}>
      <Body title={t('requestBody')} side={data.request} none={t('requestNotKept')} />
      {data.request !== null && onReplay !== null && <ReplayButton side={data.request} onReplay={onReplay} />}
      <Body title={t('answerBody')} side={data.answer} none={t('answerNotKept')} />
      <p className={classes['hint']}>{t('keptUntil', { time: format.dateTime(new Date(data.expiresAt), { dateStyle: 'long' }) })}</p>
    </div>
  );
}

function Body({ title, side, none }: { title: string; side: Side | null; none: string }) {
  const t = useTranslations('requests');
  const format = useFormatter();
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      {(side === null || side.text === null) && <p className={classes['hint']}>{side === null ? none : t('noText', { type: side.mediaType })}</p>}
      {side !== null && side.text !== null && (
        <>
          <pre className={classes['body']} {...reachable}>
            {shown(side)}
          </pre>
          {side.isTruncated && <p className={classes['hint']}>{t('cutOff', { bytes: format.number(side.bytes) })}</p>}
        </>
      )}
    </section>
  ); // prettier-ignore
}
