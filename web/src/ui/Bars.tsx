/** Stacked bars from zero, with the same figures as a table one button away. It knows no unit and no language. */
import { Button } from '@mantine/core';
import { useId, useState } from 'react';
import classes from './Bars.module.css';
import { picture } from './picture.ts';
import { scaleTop } from './chart-scale.ts';
import { PlaceName } from './PlaceName.tsx';
import { usePull, type Zoom } from './use-pull.ts';

export interface BarGroup {
  key: string;
  /** What the bar stands for: a day, an hour. */
  label: string;
  /** One value per series, in their order. */
  values: readonly number[];
  /** It has not ended yet: striped. */
  isRunning?: boolean;
}

interface BarsProps {
  title: string;
  /** The chart as a sentence. */
  summary: string;
  /** At most six: there are no more colours that everybody can tell apart. */
  series: readonly string[];
  groups: readonly BarGroup[];
  format: (value: number) => string;
  /** Head of the column of labels. */
  labelTitle: string;
  showTable: string;
  hideTable: string;
  /** What stripes mean, for a chart that has them. */
  running?: string;
  zoom?: Zoom;
}

export const seriesMax = 6;
const slot = 10;
const gap = 2;

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

export function StackedBars(props: BarsProps) {
  const { title, series, groups, showTable, hideTable, running } = props;
  const striped = groups.some(({ isRunning }) => isRunning) ? running : undefined;
  const [isTable, setTable] = useState(false);
  const id = useId();
  return (
    <figure className={classes['bars']} aria-labelledby={id}>
      <figcaption className={classes['head']}>
        <span className={classes['title']} id={id}>
          {title}
        </span>
        <Button size="compact-xs" variant="subtle" aria-expanded={isTable} onClick={() => setTable(!isTable)}>
          {isTable ? hideTable : showTable}
        </Button>
      </figcaption>
      {isTable ? (
        <BarTable {...props} />
      ) : (
        <div className={classes['plot']}>
          <Chart {...props} />
          <Legend series={series.length > 1 ? series : []} running={striped} />
        </div>
      )}
    </figure>
  );
}

function Chart({ summary, series, groups, format, zoom }: BarsProps) {
  const top = scaleTop(Math.max(0, ...groups.map(({ values }) => sum(values))));
  const stripes = useId();
  const { chosen, handlers } = usePull(groups.length, zoom && ((from, to) => zoom.onRange(from, to, 'pull')));
  return (
    <>
      <div className={classes['scale']} aria-hidden="true">
        <span>{format(top)}</span>
        <span>{format(0)}</span>
      </div>
      <svg
        viewBox={`0 0 ${Math.max(1, groups.length) * slot} 100`}
        preserveAspectRatio="none"
        {...picture}
        aria-label={summary}
        data-pulls={zoom !== undefined || undefined}
        {...handlers}
      >
        {groups.some(({ isRunning }) => isRunning) && (
          // Lying stripes: however wide the picture is drawn, they keep their look.
          <pattern id={stripes} width={slot} height={4} patternUnits="userSpaceOnUse">
            <rect data-part="stripe" width={slot} height={1} />
          </pattern>
        )}
        {chosen && <rect data-part="chosen" x={chosen[0] * slot} width={(chosen[1] - chosen[0] + 1) * slot} height={100} />}
        {groups.map((group, index) => (
          <Bar key={group.key} group={group} x={index * slot + gap / 2} top={top} series={series} format={format} stripes={stripes} />
        ))}
      </svg>
      <div className={classes['ends']} aria-hidden="true">
        <span>{groups[0]?.label}</span>
        <span>{groups.length > 1 ? groups.at(-1)?.label : ''}</span>
      </div>
    </>
  );
}

interface BarProps extends Pick<BarsProps, 'series' | 'format'> {
  group: BarGroup;
  x: number;
  top: number;
  /** Id of the pattern that lies over what has not ended. */
  stripes: string;
}

function Bar({ group, x, top, series, format, stripes }: BarProps) {
  const text = series.map((name, index) => `${name} ${format(group.values[index] ?? 0)}`).join(', ');
  const heights = group.values.map((value) => (Math.max(0, value) / top) * 100);
  const all = sum(heights);
  return (
    <g>
      <title>{`${group.label}: ${text}`}</title>
      {heights.map((height, index) => (
        <rect
          key={series[index]}
          data-series={(index % seriesMax) + 1}
          x={x}
          y={100 - sum(heights.slice(0, index + 1))}
          width={slot - gap}
          height={height}
        />
      ))}
      {group.isRunning && <rect x={x} y={100 - all} width={slot - gap} height={all} fill={`url(#${stripes})`} />}
    </g>
  );
}

function Legend({ series, running }: Pick<BarsProps, 'series' | 'running'>) {
  if (series.length === 0 && running === undefined) return null;
  return (
    <ul className={classes['legend']}>
      {series.map((name, index) => (
        <li key={name}>
          <span className={classes['swatch']} data-series={(index % seriesMax) + 1} aria-hidden="true" />
          {name}
        </li>
      ))}
      {running !== undefined && (
        <li>
          <span className={classes['swatch']} data-running aria-hidden="true" />
          {running}
        </li>
      )}
    </ul>
  );
}

function BarTable({ title, series, groups, format, labelTitle, zoom }: BarsProps) {
  return (
    <div className={classes['frame']}>
      <table aria-label={title}>
        <thead>
          <tr>
            <th scope="col">{labelTitle}</th>
            {series.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {groups.map(({ key, label, values }, place) => (
            <tr key={key}>
              <th scope="row">
                <PlaceName label={label} place={place} zoom={zoom} />
              </th>
              {series.map((name, index) => (
                <td key={name}>{format(values[index] ?? 0)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
