/** The pages about what models are used for: use cases and the installation's AI settings. Each is a lazy route of the shell. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { shell, textOf } from './routes-root.tsx';

const useCases = createRoute({
  getParentRoute: () => shell,
  path: '/admin/ai_use_cases',
  component: lazyRouteComponent(() => import('./UseCasesPage.tsx'), 'UseCasesPage'),
});

const newUseCase = createRoute({
  getParentRoute: () => shell,
  path: '/admin/ai_use_cases/new',
  validateSearch: ({ test }: Record<string, unknown>): { test?: string } => ({ test: textOf(test) }),
  component: lazyRouteComponent(() => import('./UseCaseFormPages.tsx'), 'NewUseCasePage'),
});

const editUseCase = createRoute({
  getParentRoute: () => shell,
  path: '/admin/ai_use_cases/$id',
  component: lazyRouteComponent(() => import('./UseCaseFormPages.tsx'), 'EditUseCasePage'),
});

const aiSettings = createRoute({
  getParentRoute: () => shell,
  path: '/admin/ai_settings',
  component: lazyRouteComponent(() => import('./AiSettingsPage.tsx'), 'AiSettingsPage'),
});

export const useCaseRoutes = [useCases, newUseCase, editUseCase, aiSettings] as const;
