/** What an audit entry says, as a sentence. */
import type { AuditRow } from '@patchbay/client/audit';
import { useTranslations } from 'use-intl';

const keyOf = (action: string): string => action.replaceAll('.', '__').replaceAll('-', '_');

/** "Sari rotated the key of OpenAI — production". */
export function useSentence(): (entry: Pick<AuditRow, 'actor' | 'via' | 'action' | 'subject'>) => string {
  const t = useTranslations('audit');
  return ({ actor, action, subject }) => {
    const isOfHouse = /^(?:journal|audit\.retention|alert_rule\.defaults)/.test(action);
    const who = actor?.name ?? (isOfHouse ? t('system') : t('nobody'));
    const what = subject.name === null ? '' : `“${subject.name}”`;
    const key = `did.${keyOf(action)}` as 'did.other';
    return (t.has(key) ? t(key, { who, what, action }) : t('did.other', { who, what, action })).trim();
  };
}

/** A value of a field as people read it. */
export function useValueText(): (value: unknown) => string {
  const t = useTranslations('audit');
  return (value) => {
    if (value === null || value === undefined || value === '') return t('none');
    if (typeof value === 'boolean') return value ? t('yes') : t('no');
    if (value === 'changed') return t('changed');
    return typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value, null, 1);
  };
}
