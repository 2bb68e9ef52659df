/** The question before a message goes for good, with everything after it. */
import type { StoredMessage } from '@patchbay/client/chats';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { Confirm } from '../../../ui/Confirm.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { useDeleteMessage } from '../api/change-chat.ts';

export function DeleteMessage({ chatId, message, onClose }: { chatId: string; message: StoredMessage | null; onClose: () => void }) {
  const t = useTranslations('chat');
  const language = useLocale();
  const remove = useDeleteMessage();
  const confirm = (): void => {
    if (message) remove.mutate({ id: chatId, messageId: message.id }, { onSuccess: onClose });
  };
  return (
    <Confirm
      isOpen={message !== null}
      title={t('deleteMessageTitle')}
      cancelLabel={t('cancel')}
      confirmLabel={t('deleteConfirm')}
      tone="bad"
      isPending={remove.isPending}
      onConfirm={confirm}
      onClose={onClose}
    >
      <p>{t('deleteMessageText')}</p>
      {remove.isError && (
        <Notice tone="bad">
          <p>{errorText(remove.error, language)}</p>
        </Notice>
      )}
    </Confirm>
  );
}
