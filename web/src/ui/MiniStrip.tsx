/** Months in a line: one bar per stretch by height and colour, drawn as one path per state, so that hundreds of lines are cheap. */
import marks from './beats.module.css';
import { beatHeights, type BeatState } from './HeartbeatStrip.tsx';
import classes from './MiniStrip.module.css';
import { picture } from './picture.ts';

const states: Readonly<Record<string, BeatState>> = { u: 'ok', s: 'degraded', d: 'down', '-': 'none' };
const slot = 10;
const gap = 3;

/** @param strip one letter per stretch: `u` well, `s` slow or partly ill, `d` down, `-` nothing known */
export function MiniStrip({ strip, label }: { strip: string; label: string }) {
  const paths: Record<string, string> = {};
  for (const [index, letter] of strip.split('').entries()) {
    const height = beatHeights[states[letter] ?? 'none'];
    const bar = `M${index * slot + gap / 2} ${100 - height}h${slot - gap}v${height}h${gap - slot}z`;
    paths[letter] = (paths[letter] ?? '') + bar;
  }
  return (
    <svg
      className={`${marks['beats']} ${classes['strip']}`}
      viewBox={`0 0 ${Math.max(1, strip.length) * slot} 100`}
      preserveAspectRatio="none"
      {...picture}
      aria-label={label}
    >
      {Object.entries(paths).map(([letter, d]) => (
        <path key={letter} d={d} data-state={states[letter]} vectorEffect="non-scaling-stroke" />
      ))}
    </svg>
  );
}
