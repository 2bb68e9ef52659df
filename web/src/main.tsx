/** Starts the page: theme, language, queries, routes. */
import './start.ts';
import './ui/mantine.css';
import './ui/tokens.css';
import './ui/forms.css';
import './ui/touch.css';
import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { leaveForDoor } from './app/leave-for-door.ts';
import { createQueries } from './app/queries.ts';
import { createPages, startPage } from './app/router.tsx';
import { timeZone } from './lib/language.ts';
import { styleNonce } from './lib/page.ts';
import { firstLanguage, loadCatalogue } from './lib/catalogue.ts';
import { pressOnce } from './lib/press-once.ts';
import { Announcer } from './ui/Announcer.tsx';
import { LanguageProvider } from './ui/LanguageProvider.tsx';
import { cssVariablesResolver, theme } from './ui/theme.ts';

const queries = createQueries(() => void leaveForDoor(pages, queries));
const pages = createPages(queries);
// Person, page and texts are three ways over the line; none of them waits for another.
const ready = Promise.all([startPage(pages), loadCatalogue(firstLanguage())]);

function draw(): void {
  const place = document.getElementById('root');
  if (!place) throw new Error('the page has no root element');
  createRoot(place).render(
    <StrictMode>
      <MantineProvider
        theme={theme}
        cssVariablesResolver={cssVariablesResolver}
        colorSchemeManager={localStorageColorSchemeManager({ key: 'patchbay-theme' })}
        defaultColorScheme="auto"
        getStyleNonce={() => styleNonce}
      >
        <LanguageProvider>
          <Announcer>
            <QueryClientProvider client={queries}>
              <RouterProvider router={pages} />
            </QueryClientProvider>
          </Announcer>
        </LanguageProvider>
      </MantineProvider>
    </StrictMode>,
  );
}

pressOnce();
// A slow machine takes its time for the first question about time zones; here it would only wait.
timeZone();
// Not awaited here: the files of the pages import from this one, and would wait for it in turn.
void ready.then(draw);
