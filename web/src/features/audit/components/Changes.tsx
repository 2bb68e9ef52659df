/** Fields that differ: what each was and what it is. Only those, and of secrets only that they changed. */
import { useTranslations } from 'use-intl';
import { useValueText } from './audit-text.ts';
import classes from './audit.module.css';

export function Changes({ changes }: { changes: Readonly<Record<string, { before?: unknown; after?: unknown }>> | null }) {
  const t = useTranslations('audit');
  const text = useValueText();
  // A field that nobody has filled is no change when the object is made.
  const fields = Object.entries(changes ?? {}).filter(([, { before = null, after = null }]) => before !== null || after !== null);
  if (fields.length === 0) return <p className={classes['hint']}>{t('noChanges')}</p>;
  return (
    <table className={classes['changes']} aria-label={t('changesTable')}>
      <thead>
        <tr>
          <th scope="col">{t('field')}</th>
          <th scope="col">{t('before')}</th>
          <th scope="col">{t('after')}</th>
        </tr>
      </thead>
      <tbody>
        {fields.map(([field, { before, after }]) => (
          <tr key={field}>
            <th scope="row">{field}</th>
            <td data-head={t('before')}>
              <del>{text(before)}</del>
            </td>
            <td data-head={t('after')}>
              <ins>{text(after)}</ins>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
