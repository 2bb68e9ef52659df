/** The question before a message goes for good, with everything after it. */
import type { StoredMessage } from '@patchbay/client/chats';
import { useTranslations } from 'use-intl';
import { DeedQuestion } from '../../../ui/DeedQuestion.tsx';
import { useDeleteMessage } from '../api/change-chat.ts';

export function DeleteMessage({ chatId, message, onClose }: { chatId: string; message: StoredMessage | null; onClose: () => void }) {
  const t = useTranslations('chat');
  return (
    <DeedQuestion
      of={message}
      change={useDeleteMessage()}
      inputOf={({ id }) => ({ id: chatId, messageId: id })}
      title={() => t('deleteMessageTitle')}
      text={() => t('deleteMessageText')}
      cancelLabel={t('cancel')}
      confirmLabel={t('deleteConfirm')}
      onClose={onClose}
    />
  );
}
