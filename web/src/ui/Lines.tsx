/** Lines over the same points, from zero or on a logarithmic scale, with the figures as a table one button away. A gap is a gap. */
import { Button } from '@mantine/core';
import { useId, useState } from 'react';
import classes from './Bars.module.css';
import { linePieces, scaleTop } from './chart-scale.ts';
import { picture } from './picture.ts';
import { PlaceName } from './PlaceName.tsx';
import { usePull, type Zoom } from './use-pull.ts';

export interface LinePoint {
  key: string;
  label: string;
  /** One value per series, in their order; null where nothing was measured. */
  values: readonly (number | null)[];
}

interface LinesProps {
  title: string;
  /** The chart as a sentence. */
  summary: string;
  series: readonly string[];
  points: readonly LinePoint[];
  format: (value: number) => string;
  labelTitle: string;
  showTable: string;
  hideTable: string;
  /** What the switch of the scale says while it is linear, and while it is logarithmic. */
  toLog: string;
  toLinear: string;
  empty: string;
  zoom?: Zoom;
}

export function Lines(props: LinesProps) {
  const { title, series, showTable, hideTable, toLog, toLinear } = props;
  const [isTable, setTable] = useState(false);
  const [isLog, setLog] = useState(false);
  const id = useId();
  return (
    <figure className={classes['bars']} aria-labelledby={id}>
      <figcaption className={classes['head']}>
        <span className={classes['title']} id={id}>
          {title}
        </span>
        <span>
          {!isTable && (
            <Button size="compact-xs" variant="subtle" onClick={() => setLog(!isLog)}>
              {isLog ? toLinear : toLog}
            </Button>
          )}
          <Button size="compact-xs" variant="subtle" aria-expanded={isTable} onClick={() => setTable(!isTable)}>
            {isTable ? hideTable : showTable}
          </Button>
        </span>
      </figcaption>
      {isTable ? (
        <LineTable {...props} />
      ) : (
        <div className={classes['plot']}>
          <Chart {...props} isLog={isLog} />
          <ul className={classes['legend']}>
            {series.map((name, index) => (
              <li key={name}>
                <span className={classes['swatch']} data-series={index + 1} aria-hidden="true" />
                {name}
              </li>
            ))}
          </ul>
        </div>
      )}
    </figure>
  );
}

/** Width of the drawing, whatever it is on the page. */
const width = 1000;

function Chart({ summary, series, points, format, zoom, isLog }: LinesProps & { isLog: boolean }) {
  const top = scaleTop(Math.max(0, ...points.flatMap(({ values }) => values.filter((value) => value !== null))));
  const { chosen, handlers } = usePull(points.length, zoom && ((from, to) => zoom.onRange(from, to, 'pull')));
  const step = width / Math.max(1, points.length);
  return (
    <>
      <div className={classes['scale']} aria-hidden="true">
        <span>{format(top)}</span>
        <span>{format(isLog ? 1 : 0)}</span>
      </div>
      <svg
        viewBox={`0 0 ${width} 100`}
        preserveAspectRatio="none"
        {...picture}
        aria-label={summary}
        className={classes['lines']}
        data-pulls={zoom !== undefined || undefined}
        {...handlers}
      >
        {chosen && <rect data-part="chosen" x={chosen[0] * step} width={(chosen[1] - chosen[0] + 1) * step} height={100} />}
        {series.flatMap((name, index) =>
          linePieces(
            points.map(({ values }) => values[index] ?? null),
            top,
            isLog,
          ).map((piece) => <Piece key={`${name} ${piece}`} points={piece} series={index + 1} />),
        )}
      </svg>
      <div className={classes['ends']} aria-hidden="true">
        <span>{points[0]?.label}</span>
        <span>{points.length > 1 ? points.at(-1)?.label : ''}</span>
      </div>
    </>
  );
}

/** A point that no line leads to is a line without a length: its round ends make a dot of it. */
function Piece({ points, series }: { points: string; series: number }) {
  const isLone = !points.includes(' ');
  return (
    <polyline
      data-series={series}
      data-lone={isLone || undefined}
      points={isLone ? `${points} ${points}` : points}
      vectorEffect="non-scaling-stroke"
    />
  );
}

function LineTable({ title, series, points, format, labelTitle, empty, zoom }: LinesProps) {
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
          {points.map(({ key, label, values }, place) => (
            <tr key={key}>
              <th scope="row">
                <PlaceName label={label} place={place} zoom={zoom} />
              </th>
              {series.map((name, index) => {
                const value = values[index] ?? null;
                return <td key={name}>{value === null ? empty : format(value)}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
