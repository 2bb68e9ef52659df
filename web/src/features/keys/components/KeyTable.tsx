/** The access keys: whose, for what, how much of the budget is gone, and until when. Ended ones stay for ninety days. */
import type { AccessKeyView } from '@patchbay/contract/access-keys';
import type { Me } from '@patchbay/contract/people';
import { Button } from '@mantine/core';
import { useFormatter, useTranslations } from 'use-intl';
import { moneyText } from '../../../lib/money.ts';
import { DataTable, type Column } from '../../../ui/DataTable.tsx';
import { ReasonButton } from '../../../ui/ReasonButton.tsx';
import { Status } from '../../../ui/Status.tsx';
import { When } from '../../../ui/When.tsx';
import classes from './KeyTable.module.css';

export interface KeyDeeds {
  onEdit: (key: AccessKeyView) => void;
  onRotate: (key: AccessKeyView) => void;
  onRevoke: (key: AccessKeyView) => void;
}

interface KeyTableProps extends KeyDeeds {
  me: Me;
  keys: readonly AccessKeyView[];
  /** The moment that ends are compared with. */
  nowMs: number;
  /** Without anything to do about them. */
  isReadOnly?: boolean;
}

const dash = '—';

type State = 'live' | 'revoked' | 'expired';
export const stateOf = (key: AccessKeyView, nowMs: number): State => {
  if (key.revokedAt !== null) return 'revoked';
  return key.expiresAt !== null && Date.parse(key.expiresAt) <= nowMs ? 'expired' : 'live';
};

export function KeyTable({ me, keys, nowMs, isReadOnly = false, ...deeds }: KeyTableProps) {
  const t = useTranslations('keys');
  const columns: Column<AccessKeyView>[] = [
    { key: 'name', head: t('name'), render: (key) => key.name },
    {
      key: 'key',
      head: t('key'),
      render: (key) => (
        <code className={classes['code']}>
          {key.prefix}…{key.last4}
        </code>
      ),
    },
    { key: 'owner', head: t('ownerHead'), render: (key) => key.ownerName },
    { key: 'models', head: t('modelsHead'), isExtra: true, render: (key) => <Models models={key.models} /> },
    { key: 'budget', head: t('budgetHead'), render: (key) => <Budget of={key} /> },
    { key: 'limits', head: t('limitsHead'), render: (key) => <Limits of={key} /> },
    { key: 'used', head: t('lastUsed'), render: (key) => (key.lastUsedAt === null ? t('neverUsed') : <When iso={key.lastUsedAt} />) },
    { key: 'expires', head: t('expires'), render: (key) => <End of={key} state={stateOf(key, nowMs)} nowMs={nowMs} /> },
  ];
  if (!isReadOnly)
    columns.push({
      key: 'actions',
      head: t('actions'),
      kind: 'actions',
      render: (key) =>
        stateOf(key, nowMs) === 'revoked' ? '' : <Deeds of={key} me={me} isLive={stateOf(key, nowMs) === 'live'} {...deeds} />,
    });
  return (
    <DataTable
      label={t('table', { count: keys.length })}
      columns={columns}
      rows={keys}
      keyOf={({ id }) => id}
      isQuiet={(key) => stateOf(key, nowMs) !== 'live'}
    />
  );
}

function Models({ models }: { models: readonly string[] | null }) {
  const t = useTranslations('keys');
  if (models === null) return t('allModels');
  const [first = '', ...rest] = models;
  return (
    <span title={models.join(', ')}>
      {first}
      {rest.length > 0 && ` ${t('more', { count: rest.length })}`}
    </span>
  );
}

function Budget({ of }: { of: AccessKeyView }) {
  const t = useTranslations('keys');
  const format = useFormatter();
  const money = (usd: string): string => moneyText(format, Number(usd));
  // What has no price must not look like nothing.
  const isUnknown = Number(of.spentUsd) === 0 && of.unpricedCount > 0;
  const spent = isUnknown ? dash : money(of.spentUsd);
  const note = of.unpricedCount > 0 && <span className={classes['note']}>{t('unpriced', { count: of.unpricedCount })}</span>;
  if (of.budgetUsd === null)
    return (
      <span className={classes['budget']}>
        {spent}
        {note}
      </span>
    );
  const share = Math.min(100, (Number(of.spentUsd) / Math.max(Number(of.budgetUsd), 1e-9)) * 100);
  return (
    <span className={classes['budget']}>
      {t('spentOf', { spent, budget: money(of.budgetUsd) })}
      <svg
        className={classes['bar']}
        viewBox="0 0 100 4"
        preserveAspectRatio="none"
        aria-hidden="true"
        data-full={share >= 100 || undefined}
      >
        <rect width={share} height="4" />
      </svg>
      {note}
    </span>
  );
}

function Limits({ of }: { of: AccessKeyView }) {
  const t = useTranslations('keys');
  const limits = [of.rpm === null ? null : t('rpmOf', { count: of.rpm }), of.tpm === null ? null : t('tpmOf', { count: of.tpm })];
  return limits.filter((text) => text !== null).join(' · ') || t('noLimit');
}

function End({ of, state, nowMs }: { of: AccessKeyView; state: State; nowMs: number }) {
  const t = useTranslations('keys');
  const format = useFormatter();
  if (state === 'revoked') return <Status tone="off" text={t('revoked')} />;
  if (state === 'expired') return <Status tone="warn" text={t('expired')} />;
  const overlap = of.previousUntil !== null && Date.parse(of.previousUntil) > nowMs;
  return (
    <span className={classes['end']}>
      {of.expiresAt === null ? t('never') : format.dateTime(new Date(of.expiresAt), { dateStyle: 'medium' })}
      {overlap && (
        <span className={classes['note']}>
          {t('overlapUntil', { at: format.dateTime(new Date(of.previousUntil ?? 0), { dateStyle: 'medium', timeStyle: 'short' }) })}
        </span>
      )}
    </span>
  );
}

/** Whoever rotates a key sees the new one, so a personal key is for its owner alone; others may end it. */
const mayRotate = (of: AccessKeyView, me: Me): boolean => of.workspaceId !== null || of.userId === me.id;

function Deeds({ of, me, isLive, onEdit, onRotate, onRevoke }: KeyDeeds & { of: AccessKeyView; me: Me; isLive: boolean }) {
  const t = useTranslations('keys');
  const { name } = of;
  const common = { variant: 'subtle', size: 'compact-sm' } as const;
  return (
    <span className="pb-deeds">
      <Button {...common} aria-label={t('editNamed', { name })} onClick={() => onEdit(of)}>
        {t('edit')}
      </Button>
      {isLive && (
        <ReasonButton
          {...common}
          aria-label={t('rotateNamed', { name })}
          reason={mayRotate(of, me) ? null : t('rotateOwn', { owner: of.ownerName })}
          onClick={() => onRotate(of)}
        >
          {t('rotate')}
        </ReasonButton>
      )}
      <Button {...common} color="red" aria-label={t('revokeNamed', { name })} onClick={() => onRevoke(of)}>
        {t('revoke')}
      </Button>
    </span>
  );
}
