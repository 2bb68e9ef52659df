/** The question before the file of an export is thrown away; the task stays. */
import type { Task } from '@patchbay/contract/tasks';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslations } from 'use-intl';
import { client } from '../../../lib/client.ts';
import { DeedQuestion } from '../../../ui/DeedQuestion.tsx';
import { tasksKey } from '../api/tasks.ts';

export function RemoveFile({ of, onClose }: { of: Task | null; onClose: () => void }) {
  const t = useTranslations('tasks');
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: (id: string) => client.exports.removeFile(id),
    onSettled: () => queries.invalidateQueries({ queryKey: tasksKey }),
  });
  return (
    <DeedQuestion
      of={of}
      change={change}
      inputOf={({ id }) => id}
      title={({ title }) => t('removeFileTitle', { name: title })}
      text={() => t('removeFileText')}
      cancelLabel={t('keepFile')}
      confirmLabel={t('removeFile')}
      onClose={onClose}
    />
  );
}
