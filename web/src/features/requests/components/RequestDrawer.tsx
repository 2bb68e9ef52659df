/** One request beside the list: its head stands at once, so that it can be closed while the rest is still on its way, or does not come. */
import type { Me } from '@patchbay/contract/people';
import { Button, CloseButton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { CatchBoundary } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { useTranslations } from 'use-intl';
import { wanted } from '../../../lib/wanted.ts';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { requestQuery } from '../api/requests.ts';
import type { OnReplay } from './ReplayButton.tsx';
import classes from './requests.module.css';
import { useEscape } from './use-escape.ts';

// The list comes first; the rest of a request comes with the press that asks for it.
const loadDetail = async () => ({ default: (await wanted(() => import('./RequestDetail.tsx'))).RequestDetail });
const RequestDetail = lazy(loadDetail);

interface DrawerProps {
  id: string;
  me: Me;
  onClose: () => void;
  onReplay: OnReplay;
}

export function RequestDrawer({ id, me, onClose, onReplay }: DrawerProps) {
  const t = useTranslations('requests');
  const { data, error, refetch } = useQuery(requestQuery(id));
  const heading = useRef<HTMLHeadingElement>(null);
  const part = useEscape<HTMLElement>(onClose);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  // Beside the question to the server, not behind it; a file that does not come is told where it is shown.
  useEffect(() => void loadDetail().catch(() => undefined), []);
  return (
    <aside className={classes['drawer']} aria-labelledby="request-title" ref={part}>
      <header className={classes['drawerHead']}>
        <h2 id="request-title" ref={heading} tabIndex={-1}>
          {t('request')}
        </h2>
        <CopyLink />
        <CloseButton aria-label={t('close')} onClick={onClose} />
      </header>
      {!data && error && <Failure error={error} organization={me.organization.name} onRetry={() => void refetch()} />}
      {!data && !error && <Loading isAsked />}
      {data && (
        <CatchBoundary getResetKey={() => id} errorComponent={Broken}>
          <Suspense fallback={<Loading isAsked />}>
            <RequestDetail detail={data} onReplay={me.permissions.includes('use_ai_chat') ? onReplay : null} />
          </Suspense>
        </CatchBoundary>
      )}
    </aside>
  );
}

/** The address of this request; whoever may see it opens it. */
function CopyLink() {
  const t = useTranslations('requests');
  const [isCopied, setCopied] = useState(false);
  const link = useRef<HTMLSpanElement>(null);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(location.href);
      setCopied(true);
    } catch {
      // A browser without a clipboard, as on plain http: the address is selected, so that the keyboard can do it.
      if (link.current) getSelection()?.selectAllChildren(link.current);
      setCopied(document.execCommand('copy'));
    }
  };
  return (
    <>
      <span ref={link} className={classes['unseen']} aria-hidden="true">
        {location.href}
      </span>
      <Button size="compact-xs" variant="default" onClick={() => void copy()}>
        <span aria-live="polite">{t(isCopied ? 'linkCopied' : 'copyLink')}</span>
      </Button>
    </>
  );
}

/** A file of the page that did not come is not asked for a second time, so trying again is the whole page. */
const Broken = ({ error }: { error: unknown }) => <Failure error={error} organization="Patchbay" onRetry={() => location.reload()} />;
