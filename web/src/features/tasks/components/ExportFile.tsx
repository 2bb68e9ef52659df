/** The file of an export, for as long as it is kept: to fetch, or to throw away. */
import { Button } from '@mantine/core';
import type { Task } from '@patchbay/contract/tasks';
import { lazy, Suspense, useState } from 'react';
import { useTranslations } from 'use-intl';
import { client } from '../../../lib/client.ts';
import { basePath } from '../../../lib/page.ts';
import { wanted } from '../../../lib/wanted.ts';

// The question comes with the press that asks for it.
const RemoveFile = lazy(async () => ({ default: (await wanted(() => import('./RemoveFile.tsx'))).RemoveFile }));

export function ExportFile({ task }: { task: Task }) {
  const t = useTranslations('tasks');
  const [asked, setAsked] = useState<Task | null>(null);
  const [wasAsked, setWasAsked] = useState(false);
  const ask = (): void => {
    setWasAsked(true);
    setAsked(task);
  };
  return (
    <>
      <Button component="a" href={`${basePath}${client.exports.filePath(task.id)}`} download size="compact-xs" variant="default" aria-label={t('downloadNamed', { name: task.title })}>
        {t('download')}
      </Button>
      <Button size="compact-xs" variant="default" color="red" data-writes aria-label={t('removeFileNamed', { name: task.title })} onClick={ask}>
        {t('removeFile')}
      </Button>
      {wasAsked && (
        <Suspense fallback={null}>
          <RemoveFile of={asked} onClose={() => setAsked(null)} />
        </Suspense>
      )}
    </>
  ); // prettier-ignore
}
