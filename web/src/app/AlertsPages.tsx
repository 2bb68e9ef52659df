/** `/alerts` and what lies below it: what is going on, the rules, the channels, and what is over. */
import { useSuspenseQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import type { Me } from '@patchbay/contract/people';
import { Active } from '../features/alerts/components/Active.tsx';
import classes from '../features/alerts/components/alerts.module.css';
import { Channels } from '../features/alerts/components/Channels.tsx';
import type { RenderHistory } from '../features/alerts/components/alert-words.ts';
import { History } from '../features/alerts/components/History.tsx';
import { Rules } from '../features/alerts/components/Rules.tsx';
import { HistoryButton } from '../features/audit/components/History.tsx';
import { meQuery } from '../features/session/api/me.ts';
import { PageHead } from '../ui/PageHead.tsx';

const tabs = [
  { to: '/alerts', key: 'active' },
  { to: '/alerts/rules', key: 'rules' },
  { to: '/alerts/channels', key: 'channels' },
  { to: '/alerts/history', key: 'history' },
] as const;

function Frame({ children }: { children: (me: Me) => ReactNode }) {
  const t = useTranslations('alerts');
  const { data: me } = useSuspenseQuery(meQuery);
  return (
    <>
      <PageHead title={t('title')} text={t('text')} />
      <nav aria-label={t('tabs')}>
        <ul className={classes['tabs']}>
          {tabs.map(({ to, key }) => (
            <li key={key}>
              <Link to={to} activeOptions={{ exact: true }} activeProps={{ 'aria-current': 'page' }}>
                {t(`tab.${key}`)}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      {children(me)}
    </>
  );
}

/** The way to what a thing was, beside the form that changes it. */
const historyFor =
  (me: Me): RenderHistory =>
  (of, onRolledBack) => <HistoryButton {...of} organization={me.organization.name} place="panel" onRolledBack={onRolledBack} />;

export const ActiveAlertsPage = () => <Frame>{(me) => <Active me={me} />}</Frame>;
export const AlertRulesPage = () => <Frame>{(me) => <Rules me={me} renderHistory={historyFor(me)} />}</Frame>;
export const AlertChannelsPage = () => <Frame>{(me) => <Channels me={me} renderHistory={historyFor(me)} />}</Frame>;
export const AlertHistoryPage = () => <Frame>{(me) => <History me={me} />}</Frame>;
