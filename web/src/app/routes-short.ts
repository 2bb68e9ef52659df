/** Short addresses that people type and links that are passed on; each leads to its page. */
import { createRoute, redirect } from '@tanstack/react-router';
import { root } from './routes-root.tsx';

const connections = createRoute({
  getParentRoute: () => root,
  path: '/connections',
  beforeLoad: () => redirect({ to: '/settings/ai-connections', replace: true, throw: true }),
});

const models = createRoute({
  getParentRoute: () => root,
  path: '/models',
  beforeLoad: () => redirect({ to: '/admin/ai_models', replace: true, throw: true }),
});

const tasks = createRoute({
  getParentRoute: () => root,
  path: '/tasks',
  beforeLoad: () => redirect({ to: '/admin/tasks', replace: true, throw: true }),
});

const overview = createRoute({
  getParentRoute: () => root,
  path: '/overview',
  beforeLoad: () => redirect({ to: '/', replace: true, throw: true }),
});

export const shortRoutes = [connections, models, tasks, overview] as const;
