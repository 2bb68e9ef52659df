/** The explorer: filters, bars, one page of rows that may follow what happens, and the request that is open beside them. */
import type { Me } from '@patchbay/contract/people';
import type { RequestRow } from '@patchbay/client/usage';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState, type ReactNode } from 'react';
import { useFormatter, useTranslations } from 'use-intl';
import { Empty } from '../../../ui/Empty.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { ReasonButton } from '../../../ui/ReasonButton.tsx';
import { pageQuery, pageRows, thingsQuery } from '../api/requests.ts';
import { filterNames, type NamedThings, type RequestSearch } from '../filters.ts';
import { Bars } from './Bars.tsx';
import { Filters } from './Filters.tsx';
import type { OnReplay } from './ReplayButton.tsx';
import { RequestDrawer } from './RequestDrawer.tsx';
import { RequestTable, useColumns } from './RequestTable.tsx';
import { Tools } from './Tools.tsx';
import classes from './requests.module.css';

interface RequestsProps {
  me: Me;
  search: RequestSearch;
  openId: string | null;
  onSearch: (search: RequestSearch) => void;
  /** A link to a request beside the list, with the name that it is read by. */
  renderLink: (id: string, content: ReactNode) => ReactNode;
  onClose: () => void;
  onReplay: OnReplay;
}

/** Somebody who has scrolled this far reads, and is not to be pushed down. */
const readingPx = 160;

/** Rows of the first page that came since it was held. */
function newerThan(latest: readonly RequestRow[], held: readonly RequestRow[]): number {
  const known = new Set(held.map(({ requestId }) => requestId));
  return latest.filter(({ requestId }) => !known.has(requestId)).length;
}

/** Holds the list where somebody reads it, until they ask for what is new. */
function useHeld(rows: readonly RequestRow[] | undefined, isReading: boolean) {
  const [held, setHeld] = useState<readonly RequestRow[] | null>(null);
  useEffect(() => {
    const scrolled = (): void => {
      if (scrollY > readingPx && rows) setHeld((before) => before ?? rows);
    };
    addEventListener('scroll', scrolled, { passive: true });
    return () => removeEventListener('scroll', scrolled);
  }, [rows]);
  if (isReading && held === null && rows) setHeld(rows);
  const shown = held ?? rows;
  return { shown, count: held && rows ? newerThan(rows, held) : 0, release: () => setHeld(null) };
}

function useThings(me: Me): NamedThings {
  const { data } = useQuery(thingsQuery);
  return { connectionId: data?.connections ?? [], keyId: data?.keys ?? [], model: data?.models ?? [], workspaceId: me.workspaces };
}

export function Requests({ me, search, openId, onSearch, renderLink, onClose, onReplay }: RequestsProps) {
  const things = useThings(me);
  const [isLive, setLive] = useState(true);
  const asked = JSON.stringify(search);
  const [{ of, cursors }, setTurned] = useState<{ of: string; cursors: string[] }>({ of: asked, cursors: [] });
  const setCursors = (to: string[]): void => setTurned({ of: asked, cursors: to });
  // Links and the way back change the search, too; another list begins with its newest rows.
  if (of !== asked) setCursors([]);
  const [columns, setColumns] = useColumns();
  const cursor = cursors.at(-1) ?? null;
  const changed = (next: RequestSearch): void => {
    setCursors([]);
    onSearch(next);
  };
  return (
    <>
      <div className={classes['behind']} data-covered={openId !== null || undefined}>
      <Filters search={search} things={things} onSearch={changed} />
      <Bars search={search} isLive={isLive} onRange={(from, to) => changed({ ...search, period: undefined, from, to })} />
      <Tools search={search} isLive={isLive && cursor === null} onLive={(isOn) => { setLive(isOn); if (isOn) setCursors([]); }} columns={columns} onColumns={setColumns} />
      <List key={`${asked} ${cursor ?? ''}`} {...{ me, search, cursor, isLive, columns, openId, renderLink }} onTurn={setCursors} cursors={cursors} />
      </div>
      {openId !== null && <RequestDrawer key={openId} id={openId} me={me} onClose={onClose} onReplay={onReplay} />}
    </>
  ); // prettier-ignore
}

interface ListProps extends Pick<RequestsProps, 'me' | 'search' | 'openId' | 'renderLink'> {
  cursor: string | null;
  cursors: readonly string[];
  isLive: boolean;
  columns: readonly string[];
  onTurn: (cursors: string[]) => void;
}

function List({ me, search, cursor, cursors, isLive, columns, openId, renderLink, onTurn }: ListProps) {
  const t = useTranslations('requests');
  const list = useTranslations('list');
  const format = useFormatter();
  const { data, error, refetch, isPlaceholderData } = useQuery(pageQuery(search, cursor, isLive));
  const { shown, count, release } = useHeld(data?.data, openId !== null && isLive && cursor === null);
  if (!data && error) return <Failure error={error} organization={me.organization.name} onRetry={() => void refetch()} />;
  if (!data || !shown) return <Loading />;
  const isFiltered = filterNames.some((name) => search[name] !== undefined);
  const turn = (to: string[]): void => {
    onTurn(to);
    document.getElementById('page-title')?.scrollIntoView();
  };
  return (
    <>
      <div className={classes['news']} aria-live="polite">
        {count > 0 && (
          <Button
            size="compact-sm"
            onClick={() => {
              release();
              scrollTo({ top: 0 });
            }}
          >
            {t('newRows', { count })}
          </Button>
        )}
      </div>
      {shown.length === 0 && data.searchedTo === null && (
        <Empty title={t(isFiltered ? 'noneFiltered' : 'none')} text={t(isFiltered ? 'noneFilteredText' : 'noneText')} />
      )}
      {shown.length > 0 && (
        <RequestTable
          rows={shown}
          before={cursors.length * pageRows}
          isLast={data.nextCursor === null}
          columns={columns}
          openId={openId}
          renderLink={renderLink}
          isOld={isPlaceholderData}
        />
      )}
      {data.searchedTo !== null && (
        <p className={classes['hint']}>
          {t('searchedTo', { time: format.dateTime(new Date(data.searchedTo), { dateStyle: 'medium', timeStyle: 'short' }) })}
        </p>
      )}
      {(cursors.length > 0 || data.nextCursor !== null) && (
        <div className={classes['pages']}>
          <ReasonButton
            variant="default"
            size="compact-sm"
            reason={cursors.length === 0 ? list('isFirst') : null}
            onClick={() => turn(cursors.slice(0, -1))}
          >
            {t('newer')}
          </ReasonButton>
          <ReasonButton
            variant="default"
            size="compact-sm"
            reason={data.nextCursor === null ? list('isLast') : null}
            onClick={() => data.nextCursor !== null && turn([...cursors, data.nextCursor])}
          >
            {t(data.searchedTo === null ? 'older' : 'searchOn')}
          </ReasonButton>
        </div>
      )}
    </>
  );
}
