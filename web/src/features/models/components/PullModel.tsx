/** Fetching a model onto a connection's own machine. The download is a task of the server: leaving or reloading the page loses nothing. */
import { Button, TextInput } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { useFormatter, useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { useCancelPull, useNoteInstalled, usePullModel, usePulls, type Pull } from '../api/local-models.ts';
import { noteSample, paceOf, type Pace, type PaceSample } from '../list/pull-pace.ts';
import classes from './LocalModels.module.css';

/** As the server has it (`localModelName`); its schema would bring the whole library of schemas into the page. */
const modelName = /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199}$/;
const megabyte = 1e6;
const gigabyte = 1e9;
const minuteS = 60;
/** What is announced is a quarter, not every step. */
const quarter = 25;

export function PullModel({ id }: { id: string }) {
  const t = useTranslations('pull');
  const language = useLocale();
  const field = useRef<HTMLInputElement>(null);
  const [model, setModel] = useState('');
  const [isWrong, setWrong] = useState(false);
  const pull = usePullModel(id);
  const { data: pulls = [] } = usePulls(id);
  useArrivals(pulls);
  const start = (): void => {
    const name = model.trim();
    const isName = modelName.test(name);
    setWrong(!isName);
    if (!isName) return field.current?.focus();
    pull.mutate(name, { onSuccess: () => setModel('') });
  };
  return (
    <>
      {pulls.length > 0 && (
        <ul className={classes['rows']} aria-label={t('downloads')}>
          {pulls.map((one) => (
            <PullRow key={one.taskId} pull={one} onResume={() => pull.mutate(one.model)} />
          ))}
        </ul>
      )}
      {pull.isError && <Notice tone="bad">{errorText(pull.error, language)}</Notice>}
      <div className={classes['ask']}>
        <TextInput
          ref={field}
          className={classes['field']}
          label={t('model')}
          description={t('hint')}
          inputWrapperOrder={['label', 'input', 'description', 'error']}
          value={model}
          error={isWrong ? t('fault') : undefined}
          onChange={({ currentTarget }) => setModel(currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter') return;
            // It stands inside the form of the connection, which Enter would save.
            event.preventDefault();
            start();
          }}
          maxLength={200}
          autoComplete="off"
          spellCheck={false}
        />
        <Button variant="default" data-writes loading={pull.isPending} onClick={start}>
          {t('pull')}
        </Button>
      </div>
    </>
  );
}

/** A download that was here and is gone has arrived: it is said once, and the list of models is another one. */
function useArrivals(pulls: readonly Pull[]): void {
  const t = useTranslations('pull');
  const announce = useAnnounce();
  const noteInstalled = useNoteInstalled();
  const running = useRef<ReadonlyMap<string, string>>(new Map());
  useEffect(() => {
    const here = new Set(pulls.map(({ taskId }) => taskId));
    for (const [taskId, model] of running.current) {
      if (here.has(taskId)) continue;
      announce(t('done', { model }));
      noteInstalled();
    }
    running.current = new Map(pulls.filter(({ state }) => state === 'running').map(({ taskId, model }) => [taskId, model]));
  });
}

/** The window says how far it is while somebody looks at another one. */
function useWindowTitle(text: string | null): void {
  useEffect(() => {
    if (text === null) return;
    const before = document.title;
    document.title = text;
    return () => void (document.title = before);
  }, [text]);
}

function usePace({ updatedAtMs, doneBytes, allBytes }: Pull): Pace | null {
  const [samples, setSamples] = useState<readonly PaceSample[]>([]);
  const next = noteSample(samples, { atMs: updatedAtMs, doneBytes, allBytes });
  if (next !== samples && next.at(-1)?.atMs !== samples.at(-1)?.atMs) setSamples(next);
  return paceOf(samples);
}

function PullRow({ pull, onResume }: { pull: Pull; onResume: () => void }) {
  const t = useTranslations('pull');
  const { model, percent, state } = pull;
  const cancel = useCancelPull();
  const announce = useAnnounce();
  const isRunning = state === 'running';
  const reached = Math.floor(percent / quarter) * quarter;
  useWindowTitle(isRunning ? t('window', { percent, model }) : null);
  const said = isRunning ? t('said', { model, percent: reached }) : null;
  useEffect(() => {
    if (said !== null) announce(said);
  }, [said, announce]);
  return (
    <li className={classes['pull']}>
      <div className={classes['row']}>
        <code className={classes['name']}>{model}</code>
        {isRunning ? (
          <Button
            size="compact-xs"
            variant="default"
            data-writes
            aria-label={t('cancelNamed', { model })}
            loading={cancel.isPending || pull.isCancelAsked}
            onClick={() => cancel.mutate(pull.taskId)}
          >
            {t('cancel')}
          </Button>
        ) : (
          <Button size="compact-xs" variant="default" data-writes aria-label={t('resumeNamed', { model })} onClick={onResume}>
            {t('resume')}
          </Button>
        )}
      </div>
      {isRunning && <progress className={classes['progress']} aria-label={t('window', { percent, model })} max={100} value={percent} />}
      {isRunning ? <Figures pull={pull} /> : <Ending pull={pull} />}
    </li>
  );
}

function Figures({ pull }: { pull: Pull }) {
  const t = useTranslations('pull');
  const format = useFormatter();
  const pace = usePace(pull);
  const gb = (bytes: number): string => format.number(bytes / gigabyte, { maximumFractionDigits: 1, minimumFractionDigits: 1 });
  const left = pace?.secondsLeft ?? null;
  return (
    <div className={classes['figures']}>
      <span>{t('percent', { share: pull.percent / 100 })}</span>
      {pull.allBytes > 0 && <span>{t('bytes', { done: gb(pull.doneBytes), all: gb(pull.allBytes) })}</span>}
      {pace && <span>{t('rate', { mb: format.number(pace.bytesPerS / megabyte, { maximumFractionDigits: 0 }) })}</span>}
      <span>{left === null ? t('calculating') : t('minutes', { n: Math.max(1, Math.ceil(left / minuteS)) })}</span>
    </div>
  );
}

function Ending({ pull: { state, percent, vendorMessage, errorCode } }: { pull: Pull }) {
  const t = useTranslations('pull');
  if (state === 'failed')
    return (
      <Notice tone="bad">
        <p>{t('failed', { reason: vendorMessage ?? errorCode ?? '—' })}</p>
      </Notice>
    );
  return <p className={classes['text']}>{t(state === 'cancelled' ? 'stopped' : 'interrupted', { percent })}</p>;
}
