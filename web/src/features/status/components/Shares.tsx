/** Links to a status page that is read without signing in: made, shown once, and revoked. */
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import type { StatusShare } from '@patchbay/contract/status';
import type { StatusShares } from '@patchbay/client/status';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { nameFault } from '../../../lib/name-fault.ts';
import { basePath } from '../../../lib/page.ts';
import { showFaults } from '../../../lib/server-faults.ts';
import { CancelButton } from '../../../ui/CancelButton.tsx';
import { DeedQuestion } from '../../../ui/DeedQuestion.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { SecretAwaited } from '../../../ui/SecretAwaited.tsx';
import { sharesQuery, useShare, useWithdraw } from '../api/status.ts';
import classes from './status.module.css';
import { useStatusWords } from './use-words.ts';

const linkOf = (token: string): string => new URL(`status/${token}`, new URL(basePath, location.origin)).href;
const dayChoices = [7, 30, 90, 365] as const;

interface SharesProps {
  organization: string;
  /** With the link, which is shown once: by somebody who stays when this panel is closed. */
  onMade: (link: string) => void;
  onClose: () => void;
}

export function Shares({ organization, onMade, onClose }: SharesProps) {
  const t = useTranslations('status');
  const shares = useQuery(sharesQuery);
  const share = useShare(({ token }) => onMade(linkOf(token)));
  const close = <CancelButton label={t('close')} size="compact-sm" isPending={share.isPending} onCancel={onClose} />;
  return (
    <Panel title={t('shareTitle')} text={t('shareText')} takesFocus aside={close}>
      {shares.isError && !shares.data && <Failure error={shares.error} organization={organization} onRetry={() => void shares.refetch()} />}
      {shares.isPending && <Loading isAsked />}
      {shares.data && (
        <>
          <SecretAwaited isPending={share.isPending} label={t('shareLabel')} />
          <ShareForm mayShare={shares.data.mayShare} share={share} />
          <ShareList shares={shares.data.shares} />
        </>
      )}
    </Panel>
  );
}

function ShareForm({ mayShare, share }: { mayShare: StatusShares['mayShare']; share: ReturnType<typeof useShare> }) {
  const t = useTranslations('status');
  const language = useLocale();
  const first = mayShare.organization ? '' : (mayShare.workspaces[0]?.id ?? '');
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { name: '', workspaceId: first, days: '30' },
    validate: { name: nameFault },
  });
  const submit = form.onSubmit(
    ({ name, workspaceId, days }) =>
      share.mutate(
        { name: name.trim(), workspaceId: workspaceId === '' ? null : workspaceId, days: days === '' ? null : Number(days) },
        { onError: (error) => showFaults(form, ['name', 'workspaceId'], error) },
      ),
    () => form.getInputNode('name')?.focus(),
  );
  return (
    <form onSubmit={submit} noValidate className="pb-form">
      {share.isError && <Notice tone="bad">{errorText(share.error, language)}</Notice>}
      <TextInput
        {...form.getInputProps('name')}
        key={form.key('name')}
        label={t('shareName')}
        error={form.errors['name'] ? t('shareNameFault') : undefined}
        autoComplete="off"
        maxLength={100}
      />
      <NativeSelect {...form.getInputProps('workspaceId')} key={form.key('workspaceId')} label={t('shareOf')}>
        {mayShare.organization && <option value="">{t('shareOrganization')}</option>}
        {mayShare.workspaces.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </NativeSelect>
      <NativeSelect {...form.getInputProps('days')} key={form.key('days')} label={t('shareEnds')}>
        {dayChoices.map((count) => (
          <option key={count} value={count}>
            {t('shareDays', { count })}
          </option>
        ))}
        <option value="">{t('shareNever')}</option>
      </NativeSelect>
      <div className={classes['buttons']}>
        <Button type="submit" loading={share.isPending} loaderProps={{ 'aria-label': t('saving') }}>
          {t('shareMake')}
        </Button>
      </div>
    </form>
  );
}

function ShareList({ shares }: { shares: readonly StatusShare[] }) {
  const t = useTranslations('status');
  const { time } = useStatusWords();
  const [asked, setAsked] = useState<StatusShare | null>(null);
  const withdraw = useWithdraw();
  if (shares.length === 0) return <p className={classes['quiet']}>{t('shareNone')}</p>;
  return (
    <>
      <ul className={classes['shares']} aria-label={t('shareList')}>
        {shares.map((share) => (
          <li key={share.id}>
            <span className={classes['name']}>
              {share.name}
              <span className={classes['beside']}>
                {t('shareBy', { where: share.workspaceName ?? t('shareOrganization'), name: share.createdBy, last4: share.last4 })}
                {share.expiresAt !== null && ` · ${t('shareUntil', { time: time(share.expiresAt) })}`}
              </span>
            </span>
            <Button
              size="compact-xs"
              variant="default"
              color="red"
              aria-label={t('revokeNamed', { name: share.name })}
              onClick={() => setAsked(share)}
            >
              {t('revoke')}
            </Button>
          </li>
        ))}
      </ul>
      <DeedQuestion
        of={asked}
        change={withdraw}
        inputOf={({ id }) => id}
        title={() => t('revokeTitle')}
        text={({ name }) => t('revokeText', { name })}
        cancelLabel={t('cancel')}
        confirmLabel={t('revoke')}
        onClose={() => setAsked(null)}
      />
    </>
  );
}
