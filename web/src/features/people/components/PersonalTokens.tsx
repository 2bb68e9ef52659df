/** Personal tokens: made, shown once, listed, revoked. */
import type { Me, Token } from '@patchbay/contract/people';
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useFormatter, useLocale, useNow, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { focusPageTitle } from '../../../lib/focus.ts';
import { nameFault } from '../../../lib/name-fault.ts';
import { useShown } from '../../../lib/use-shown.ts';
import { useSayDone } from '../../../ui/Announcer.tsx';
import { CancelButton } from '../../../ui/CancelButton.tsx';
import { DataTable, type Column } from '../../../ui/DataTable.tsx';
import { DeedQuestion } from '../../../ui/DeedQuestion.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { SecretAwaited } from '../../../ui/SecretAwaited.tsx';
import { SecretReveal } from '../../../ui/SecretReveal.tsx';
import { Status } from '../../../ui/Status.tsx';
import { When } from '../../../ui/When.tsx';
import { tokensQuery, useCreateToken, useRevokeToken } from '../api/security.ts';
import classes from './security.module.css';

const dayMs = 86_400_000;
/** That many days from now; null for never. */
const endIn = (days: string): string | null => (days === 'never' ? null : new Date(Date.now() + Number(days) * dayMs).toISOString());
const expiries = ['30', '90', '365', 'never'] as const;

export function PersonalTokens({ me, isAdding, onAdd }: { me: Me; isAdding: boolean; onAdd: (isAdding: boolean) => void }) {
  const t = useTranslations('tokens');
  const sayDone = useSayDone();
  const revoke = useRevokeToken();
  const { data: tokens, error, refetch } = useQuery(tokensQuery);
  const secrets = useShown<string>();
  const [revoking, setRevoking] = useState<Token | null>(null);
  if (!tokens && error) return <Failure error={error} organization={me.organization.name} onRetry={() => void refetch()} />;
  if (!tokens) return <Loading />;
  const stored = (): void => {
    secrets.stored();
    focusPageTitle();
  };
  const { shown } = secrets;
  if (shown !== null)
    return (
      <SecretReveal key={shown} title={t('created')} label={t('secretLabel')} secret={shown} storedLabel={t('stored')} onDone={stored} />
    );
  const created = (token: string): void => {
    onAdd(false);
    secrets.show(token);
  };
  return (
    <>
      {isAdding && <NewToken onCreated={created} onCancel={() => onAdd(false)} />}
      {tokens.length === 0 && !isAdding && (
        <Empty title={t('emptyTitle')} text={t('emptyText')}>
          <Button onClick={() => onAdd(true)}>{t('add')}</Button>
        </Empty>
      )}
      {tokens.length > 0 && <TokenTable tokens={tokens} onRevoke={setRevoking} />}
      <DeedQuestion
        of={revoking}
        change={revoke}
        inputOf={({ id }) => id}
        title={({ name }) => t('revokeTitle', { name })}
        text={({ name }) => t('revokeText', { name })}
        cancelLabel={t('keep')}
        confirmLabel={t('revokeToken')}
        onClose={() => setRevoking(null)}
        onDone={({ name }) => sayDone(t('revokedNamed', { name }))}
      />
    </>
  );
}

function TokenTable({ tokens, onRevoke }: { tokens: readonly Token[]; onRevoke: (token: Token) => void }) {
  const t = useTranslations('tokens');
  const format = useFormatter();
  const nowMs = useNow({ updateInterval: 30_000 }).getTime();
  const isOver = ({ revokedAt, expiresAt }: Token): boolean => revokedAt !== null || (expiresAt !== null && Date.parse(expiresAt) <= nowMs);
  const columns: Column<Token>[] = [
    { key: 'name', head: t('name'), render: ({ name }) => name },
    { key: 'token', head: t('token'), render: ({ last4 }) => <code className={classes['secret']}>pat-pb-…{last4}</code> },
    { key: 'since', head: t('since'), render: ({ createdAt }) => <When iso={createdAt} /> },
    {
      key: 'expires',
      head: t('expires'),
      render: (token) => {
        if (token.revokedAt !== null) return <Status tone="off" text={t('revoked')} />;
        if (isOver(token)) return <Status tone="warn" text={t('expired')} />;
        return token.expiresAt === null ? t('never') : format.dateTime(new Date(token.expiresAt), { dateStyle: 'medium' });
      },
    },
    {
      key: 'actions',
      head: t('actions'),
      kind: 'actions',
      render: (token) =>
        token.revokedAt === null && (
          <Button
            variant="subtle"
            size="compact-sm"
            color="red"
            aria-label={t('revokeNamed', { name: token.name })}
            onClick={() => onRevoke(token)}
          >
            {t('revoke')}
          </Button>
        ),
    },
  ];
  return <DataTable label={t('table', { count: tokens.length })} columns={columns} rows={tokens} keyOf={({ id }) => id} isQuiet={isOver} />;
}

function NewToken({ onCreated, onCancel }: { onCreated: (token: string) => void; onCancel: () => void }) {
  const t = useTranslations('tokens');
  const language = useLocale();
  const create = useCreateToken(onCreated);
  const form = useForm({ mode: 'uncontrolled', initialValues: { name: '', expiry: '90' }, validate: { name: nameFault } });
  const submit = form.onSubmit(
    ({ name, expiry }) => create.mutate({ name: name.trim(), expiresAt: endIn(expiry) }),
    () => form.getInputNode('name')?.focus(),
  );
  return (
    <Panel title={t('addTitle')} takesFocus>
      <form onSubmit={submit} noValidate className="pb-form">
        <SecretAwaited isPending={create.isPending} label={t('secretLabel')} />
        {create.isError && <Notice tone="bad">{errorText(create.error, language)}</Notice>}
        <TextInput
          {...form.getInputProps('name')}
          key={form.key('name')}
          label={t('name')}
          description={t('nameHint')}
          error={form.errors['name'] ? t('nameFault') : undefined}
          required
          withAsterisk={false}
        />
        <NativeSelect {...form.getInputProps('expiry')} key={form.key('expiry')} label={t('expires')}>
          {expiries.map((value) => (
            <option key={value} value={value}>
              {t(`expiryOf.${value}`)}
            </option>
          ))}
        </NativeSelect>
        <div className={classes['buttons']}>
          <CancelButton label={t('cancel')} isPending={create.isPending} onCancel={onCancel} />
          <Button type="submit" loading={create.isPending} loaderProps={{ 'aria-label': t('saving') }}>
            {t('create')}
          </Button>
        </div>
      </form>
    </Panel>
  );
}
