/** The pages about what models are used for: use cases and the installation's AI settings. Each is a lazy route of the shell. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { files } from './page-files.ts';
import { shell, textOf } from './routes-root.tsx';

const useCases = createRoute({
  getParentRoute: () => shell,
  path: '/admin/ai_use_cases',
  component: lazyRouteComponent(files.UseCasesPage, 'UseCasesPage'),
});

const newUseCase = createRoute({
  getParentRoute: () => shell,
  path: '/admin/ai_use_cases/new',
  validateSearch: ({ test }: Record<string, unknown>): { test?: string } => ({ test: textOf(test) }),
  component: lazyRouteComponent(files.UseCaseFormPages, 'NewUseCasePage'),
});

const editUseCase = createRoute({
  getParentRoute: () => shell,
  path: '/admin/ai_use_cases/$id',
  component: lazyRouteComponent(files.UseCaseFormPages, 'EditUseCasePage'),
});

const aiSettings = createRoute({
  getParentRoute: () => shell,
  path: '/admin/ai_settings',
  component: lazyRouteComponent(files.AiSettingsPage, 'AiSettingsPage'),
});

export const useCaseRoutes = [useCases, newUseCase, editUseCase, aiSettings] as const;
