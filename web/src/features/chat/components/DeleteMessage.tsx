/** The question before a message goes for good, with everything after it. */
import type { StoredMessage } from '@patchbay/client/chats';
import { useTranslations } from 'use-intl';
import { Confirm } from '../../../ui/Confirm.tsx';
import { useDeed } from '../../../ui/use-deed.ts';
import { useDeleteMessage } from '../api/change-chat.ts';

export function DeleteMessage({ chatId, message, onClose }: { chatId: string; message: StoredMessage | null; onClose: () => void }) {
  const t = useTranslations('chat');
  const { asked, run } = useDeed(useDeleteMessage(), onClose);
  return (
    <Confirm
      isOpen={message !== null}
      title={t('deleteMessageTitle')}
      cancelLabel={t('cancel')}
      confirmLabel={t('deleteConfirm')}
      tone="bad"
      {...asked}
      onConfirm={() => message && run({ id: chatId, messageId: message.id })}
    >
      <p>{t('deleteMessageText')}</p>
    </Confirm>
  );
}
