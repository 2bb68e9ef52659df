/** The way from a kept request to a chat that begins with its messages: nothing is sent before somebody sends it. */
import { useMutation } from '@tanstack/react-query';
import { useLocale, useTranslations } from 'use-intl';
import { client } from '../../../lib/client.ts';
import { errorText } from '../../../lib/error-text.ts';
import { Notice } from '../../../ui/Notice.tsx';
import { ReasonButton } from '../../../ui/ReasonButton.tsx';
import { replayOf } from '../replay.ts';
import classes from './requests.module.css';

/** Opens the chat that was begun, with a question that waits to be sent. */
export type OnReplay = (chatId: string, question: string) => void;

export function ReplayButton({ side, onReplay }: { side: Parameters<typeof replayOf>[0]; onReplay: OnReplay }) {
  const t = useTranslations('requests');
  const language = useLocale();
  const replay = replayOf(side);
  const begin = useMutation({
    mutationFn: () => client.chats.create({ settings: replay?.settings ?? {}, messages: replay?.messages ?? [] }),
    onSuccess: ({ id }) => onReplay(id, replay?.question ?? ''),
  });
  return (
    <>
      <div className={classes['deeds']}>
        <ReasonButton
          size="compact-sm"
          variant="default"
          data-writes
          loading={begin.isPending}
          reason={replay === null ? t('replayNot') : null}
          onClick={() => begin.mutate()}
        >
          {t('replay')}
        </ReasonButton>
        {replay !== null && <span className={classes['hint']}>{t('replayHint')}</span>}
      </div>
      {begin.error && <Notice tone="bad">{errorText(begin.error, language)}</Notice>}
    </>
  );
}
