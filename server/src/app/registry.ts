/** Every route of the control plane, face by face: the table of contents of the API. */
import { routes as accessKeyRoutes } from '../faces/access-keys/routes.ts';
import { routes as adminModelRoutes } from '../faces/admin-models/routes.ts';
import { routes as adminPriceRoutes } from '../faces/admin-prices/routes.ts';
import { routes as adminTemplateRoutes } from '../faces/admin-templates/routes.ts';
import { routes as aiConnectionRoutes } from '../faces/ai-connections/routes.ts';
import { routes as aiLlmRoutes } from '../faces/ai-llm/routes.ts';
import { routes as authRoutes } from '../faces/auth/routes.ts';
import { routes as chatRoutes } from '../faces/chats/routes.ts';
import { routes as localModelRoutes } from '../faces/configurations/local-models.ts';
import { routes as configurationRoutes } from '../faces/configurations/routes.ts';
import { routes as eventRoutes } from '../faces/events/routes.ts';
import type { Route } from '../faces/kit/route.ts';
import { routes as invitationRoutes } from '../faces/invitations/routes.ts';
import { routes as meRoutes } from '../faces/me/routes.ts';
import { routes as secondFactorRoutes } from '../faces/me/second-factor-routes.ts';
import { routes as opsRoutes } from '../faces/ops/routes.ts';
import { routes as providerRoutes } from '../faces/providers/routes.ts';
import { routes as taskRoutes } from '../faces/tasks/routes.ts';
import { routes as usageRoutes } from '../faces/usage/routes.ts';
import { routes as userRoutes } from '../faces/users/routes.ts';
import { routes as workspaceRoutes } from '../faces/workspaces/routes.ts';
import type { HouseDeps } from './build.ts';

export const registry: readonly Route<HouseDeps>[] = [
  ...opsRoutes,
  ...authRoutes,
  ...meRoutes,
  ...secondFactorRoutes,
  ...userRoutes,
  ...invitationRoutes,
  ...accessKeyRoutes,
  ...workspaceRoutes,
  ...configurationRoutes,
  ...localModelRoutes,
  ...providerRoutes,
  ...aiLlmRoutes,
  ...aiConnectionRoutes,
  ...adminModelRoutes,
  ...adminPriceRoutes,
  ...adminTemplateRoutes,
  ...usageRoutes,
  ...taskRoutes,
  ...eventRoutes,
  ...chatRoutes,
];
