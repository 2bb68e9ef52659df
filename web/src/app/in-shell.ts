/** Whether a part stands within the frame of the pages behind the door, or is a page by itself. */
import { createContext } from 'react';

export const InShell = createContext(false);
