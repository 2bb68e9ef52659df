/** Writes what a page lists into a file without the page: a task begins, and the file waits where one's tasks are. */
import type { ExportStart } from '@patchbay/client/exports';
import { useMutation } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { client } from '../lib/client.ts';
import { errorText } from '../lib/error-text.ts';
import { useAnnounce } from './Announcer.tsx';
import classes from './BackgroundExport.module.css';

type Format = NonNullable<ExportStart['format']>;

/** @param what Whose rows; the format is what the buttons are for. */
export function BackgroundExport({ what }: { what: Omit<ExportStart, 'format'> }) {
  const t = useTranslations('exports');
  const language = useLocale();
  const announce = useAnnounce();
  const { mutate, isPending, isSuccess, error } = useMutation({
    mutationFn: (format: Format) => client.exports.start({ ...what, format }),
  });
  const said = isSuccess ? t('begun') : error ? errorText(error, language) : null;
  useEffect(() => {
    if (said !== null) announce(said);
  }, [said, announce]);
  return (
    <span className={classes['background']}>
      <span>{t('background')}</span>
      {(['csv', 'jsonl'] as const).map((format) => (
        <button key={format} type="button" data-writes aria-disabled={isPending || undefined}
          aria-label={t('named', { format: t(format) })} onClick={() => !isPending && mutate(format)}>
          {t(format)}
        </button>
      ))}
      {said !== null && <span className={classes['said']}>{said}</span>}
    </span>
  ); // prettier-ignore
}
