/** Every route of the control plane, face by face: the table of contents of the API. */
import { routes as accessKeyRoutes } from '../faces/access-keys/routes.ts';
import { routes as authRoutes } from '../faces/auth/routes.ts';
import type { Route } from '../faces/kit/route.ts';
import { routes as meRoutes } from '../faces/me/routes.ts';
import { routes as opsRoutes } from '../faces/ops/routes.ts';
import { routes as workspaceRoutes } from '../faces/workspaces/routes.ts';
import type { HouseDeps } from './build.ts';

export const registry: readonly Route<HouseDeps>[] = [...opsRoutes, ...authRoutes, ...meRoutes, ...accessKeyRoutes, ...workspaceRoutes];
