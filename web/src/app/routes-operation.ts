/** The pages of those who operate the house: the system itself, and providers' accounts beside our books. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { importsQuery } from '../features/reconciliation/api/imports.ts';
import { systemQuery } from '../features/system/api/system.ts';
import { files } from './page-files.ts';
import { ahead, shell } from './routes-root.tsx';

const system = createRoute({
  getParentRoute: () => shell,
  path: '/admin/system',
  loader: ({ context }) => ahead(context, systemQuery),
  component: lazyRouteComponent(files.SystemPage, 'SystemPage'),
});

const reconciliation = createRoute({
  getParentRoute: () => shell,
  path: '/usage/reconciliation',
  loader: ({ context }) => ahead(context, importsQuery),
  component: lazyRouteComponent(files.ReconciliationPage, 'ReconciliationPage'),
});

export const operationRoutes = [system, reconciliation] as const;
