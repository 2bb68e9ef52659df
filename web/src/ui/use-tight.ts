/** Whether a table has less room than its usual columns take: a window with the navigation beside it, and not much more. */
import { useMediaQuery } from '@mantine/hooks';

/** As `table.module.css` has it. */
export const useTight = (): boolean =>
  useMediaQuery('(min-width: 900px) and (max-width: 1199.98px)', undefined, { getInitialValueInEffect: false });
