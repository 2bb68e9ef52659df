/** How much room a page has. The same widths stand in the style sheets. */
import { useMediaQuery } from '@mantine/hooks';

const useRoom = (room: string): boolean => useMediaQuery(room, undefined, { getInitialValueInEffect: false });

/** Whether the navigation stands beside the page, and tables are tables. */
export const useWide = (): boolean => useRoom('(min-width: 900px)');

/** Whether a table has less room than its usual columns take: a window with the navigation beside it, and not much more. */
export const useTight = (): boolean => useRoom('(min-width: 900px) and (max-width: 1199.98px)');
