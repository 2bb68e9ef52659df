/** The running month against its budget, where the page is narrowed to one thing that has one: spent so far, and where that leads. */
import type { LimitView } from '@patchbay/contract/limits';
import type { UsageSeries } from '@patchbay/contract/usage-report';
import { useQuery } from '@tanstack/react-query';
import { useTranslations } from 'use-intl';
import { Lines } from '../../../ui/Lines.tsx';
import { budgetsQuery, seriesQuery } from '../api/usage.ts';
import { dash, type Figures } from '../use-figures.ts';
import { dateIn, type Group, type View } from '../view.ts';
import classes from './Usage.module.css';

const subjects = { key: 'access-key', user: 'user', workspace: 'workspace', connection: 'connection' } as const;
type Subject = { group: keyof typeof subjects; id: string };

/** The one thing that the page is narrowed to; null where it is none, several, or narrowed further. */
function subjectOf({ filters }: View): Subject | null {
  const used = Object.entries(filters).filter(([, values]) => values.length > 0) as [Group, readonly string[]][];
  const [first] = used;
  if (!first || used.length > 1 || first[1].length !== 1 || first[1][0] === 'none') return null;
  const group = first[0];
  return group === 'key' || group === 'user' || group === 'workspace' || group === 'connection' ? { group, id: first[1][0]! } : null;
}

interface BudgetProps {
  view: View;
  series: UsageSeries;
  figures: Figures;
}

export function BudgetChart({ view, figures }: BudgetProps) {
  const subject = subjectOf(view);
  return subject && <Budgets key={`${subject.group} ${subject.id}`} view={view} subject={subject} figures={figures} />;
}

function Budgets({ view, subject, figures }: { view: View; subject: Subject; figures: Figures }) {
  const { data } = useQuery(budgetsQuery(subjects[subject.group], subject.id));
  const budgets = (data ?? []).filter(({ kind, period }) => kind === 'money' && period === 'month');
  return budgets.map((budget) => <Month key={budget.id ?? 'own'} view={view} subject={subject} budget={budget} figures={figures} />);
}

/** First and last day of the running month in the zone. */
function monthOf(zone: string): { from: string; to: string } {
  const today = dateIn(zone, new Date());
  const [year, month] = today.split('-').map(Number) as [number, number];
  return { from: `${today.slice(0, 7)}-01`, to: new Date(Date.UTC(year, month, 0)).toISOString().slice(0, 10) };
}

function Month({ view, subject, budget, figures }: { view: View; subject: Subject; budget: LimitView; figures: Figures }) {
  const t = useTranslations('usage');
  const month: View = { ...view, period: 'custom', ...monthOf(view.zone), by: 'model', filters: { [subject.group]: [subject.id] } };
  const { data } = useQuery(seriesQuery(month));
  if (!data || data.bucket !== 'day') return null;
  const value = Number(budget.value);
  const sums = runningSums(data);
  const spent = sums.findLast((sum) => sum !== null) ?? 0;
  const running = Math.max(1, sums.filter((sum) => sum !== null).length);
  const forecast = (index: number): number => (spent / running) * (index + 1);
  return (
    <section className={classes['panel']}>
      <Lines
        title={t('budgetTitle')}
        summary={t('budgetSummary', {
          spent: figures.money(spent),
          budget: figures.money(value),
          forecast: figures.money(forecast(data.spans.length - 1)),
        })}
        series={[t('spent'), t('budget'), t('forecast')]}
        points={data.spans.map(({ from }, index) => ({
          key: from,
          label: figures.label('day', from),
          values: [sums[index] ?? null, value, index + 1 >= running ? forecast(index) : null],
        }))}
        format={figures.money}
        labelTitle={t('bucket.day')}
        showTable={t('asTable')}
        hideTable={t('asChart')}
        toLog={t('toLog')}
        toLinear={t('toLinear')}
        empty={dash}
      />
    </section>
  );
}

/** What was spent up to the end of each day; null for days that have not begun. */
function runningSums({ spans, asOf }: UsageSeries): (number | null)[] {
  let sum = 0;
  return spans.map(({ from, costUsd }) => {
    if (from > asOf) return null;
    sum += Number(costUsd);
    return sum;
  });
}
