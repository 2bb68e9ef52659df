/** A line of values without axes, for a first look; the sentence beside it says what the line shows. */
import { sparkHeight, sparklinePoints, sparkWidth } from './chart-scale.ts';
import { picture } from './picture.ts';
import classes from './Sparkline.module.css';

/** @param label one sentence with the figures that matter, for those who do not see the line */
export function Sparkline({ values, label }: { values: readonly number[]; label: string }) {
  const points = sparklinePoints(values);
  return (
    <svg
      className={classes['spark']}
      viewBox={`0 0 ${sparkWidth} ${sparkHeight}`}
      preserveAspectRatio="none"
      {...picture}
      aria-label={label}
    >
      {values.length > 0 && (
        <>
          <polygon points={`0,${sparkHeight} ${points} ${sparkWidth},${sparkHeight}`} />
          <polyline points={points} vectorEffect="non-scaling-stroke" />
        </>
      )}
    </svg>
  );
}
