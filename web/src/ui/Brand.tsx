/** The mark of the product: two plugs, one cord, one bay. */

export function Brand({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="7" fill="var(--pb-accent)" />
      <g fill="var(--pb-on-accent)">
        <circle cx="8" cy="9" r="3.2" />
        <circle cx="24" cy="9" r="3.2" />
        <circle cx="16" cy="23" r="3.2" />
      </g>
      <path d="M8 9v4a8 8 0 0 0 8 8a8 8 0 0 0 8-8V9" fill="none" stroke="var(--pb-on-accent)" strokeWidth="2.6" />
    </svg>
  );
}
