/** The head of a row of a chart's table; where the chart can be zoomed it is the button that does so without pulling. */
import classes from './Bars.module.css';
import type { Zoom } from './use-pull.ts';

export function PlaceName({ label, place, zoom }: { label: string; place: number; zoom: Zoom | undefined }) {
  if (!zoom) return label;
  return (
    <button type="button" className={classes['place']} aria-label={zoom.named(label)} onClick={() => zoom.onRange(place, place, 'press')}>
      {label}
    </button>
  );
}
