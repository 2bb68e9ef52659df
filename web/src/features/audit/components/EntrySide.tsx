/** One audit entry with everything that is known of it, beside the list. */
import type { AuditRow } from '@patchbay/client/audit';
import { revisionTypes } from '@patchbay/contract/revision-types';
import type { ReactNode } from 'react';
import { useFormatter, useTranslations } from 'use-intl';
import { CopyText } from '../../../ui/CopyText.tsx';
import { FactList, type Fact } from '../../../ui/FactList.tsx';
import { Status } from '../../../ui/Status.tsx';
import { useSentence } from './audit-text.ts';
import { Changes } from './Changes.tsx';
import { HistoryButton } from './History.tsx';
import { Side } from './Side.tsx';
import classes from './audit.module.css';

interface EntryProps {
  entry: AuditRow;
  organization: string;
  /** Leads to the object, where it has a page. */
  renderObject: (entry: AuditRow, text: string) => ReactNode;
  renderRequest: (requestId: string) => ReactNode;
  onClose: () => void;
}

export const outcomeTone = { success: 'ok', refused: 'warn', failed: 'bad' } as const;

export function EntrySide({ entry, organization, renderObject, renderRequest, onClose }: EntryProps) {
  const t = useTranslations('audit');
  const format = useFormatter();
  const sentence = useSentence();
  const { subject } = entry;
  const type = revisionTypes.find((one) => one === subject.type) ?? null;
  return (
    <Side title={t('entry')} onClose={onClose}>
      <p className={classes['sentence']}>{sentence(entry)}</p>
      <p className={classes['hint']}>
        <time dateTime={entry.at}>{format.dateTime(new Date(entry.at), { dateStyle: 'full', timeStyle: 'long' })}</time>
      </p>
      <p className={classes['outcome']}>
        <Status tone={outcomeTone[entry.outcome]} text={t(`outcome.${entry.outcome}`)} />
      </p>
      <Changes changes={entry.changes} />
      {type !== null && subject.id !== null && (
        <HistoryButton type={type} id={subject.id} name={subject.name ?? subject.id} organization={organization} />
      )}
      <Facts entry={entry} renderObject={renderObject} renderRequest={renderRequest} />
    </Side>
  );
}

function Facts({ entry, renderObject, renderRequest }: Pick<EntryProps, 'entry' | 'renderObject' | 'renderRequest'>) {
  const t = useTranslations('audit');
  const { actor, via, subject, errorCode, address, agent, requestId, durationMs, revision, seq } = entry;
  const facts: Fact[] = [
    [t('factWho'), actor?.name ?? null],
    [t('factRole'), actor?.role ?? null],
    [t('factVia'), t.has(`via.${via as 'session'}`) ? t(`via.${via as 'session'}`) : via],
    [t('factAction'), <code key="action">{entry.action}</code>],
    [t('factObject'), subject.id === null ? subject.name : renderObject(entry, subject.name ?? subject.id)],
    [t('factError'), errorCode && <code key="error">{errorCode}</code>],
    [t('factAddress'), address],
    [t('factAgent'), agent],
    [t('factRequest'), requestId && renderRequest(requestId)],
    [t('factDuration'), durationMs === null ? null : t('milliseconds', { ms: durationMs })],
    [t('factRevision'), String(revision)],
    [t('factNumber'), seq === null ? t('beforeChain') : String(seq)],
  ];
  return (
    <>
      <FactList facts={facts} className={classes['facts']} />
      <CopyText label="id" text={entry.id} />
    </>
  );
}
