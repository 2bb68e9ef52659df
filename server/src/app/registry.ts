/** Every route of the control plane, face by face: the table of contents of the API. */
import { routes as accessKeyRoutes } from '../faces/access-keys/routes.ts';
import { routes as adminModelRoutes } from '../faces/admin-models/routes.ts';
import { routes as adminPriceRoutes } from '../faces/admin-prices/routes.ts';
import { routes as retentionRoutes } from '../faces/admin-settings/retention-routes.ts';
import { routes as adminSystemRoutes } from '../faces/admin-system/routes.ts';
import { routes as adminSettingsRoutes } from '../faces/admin-settings/routes.ts';
import { routes as adminTemplateRoutes } from '../faces/admin-templates/routes.ts';
import { routes as alertRoutes } from '../faces/alerts/routes.ts';
import { routes as auditRoutes } from '../faces/audit/routes.ts';
import { routes as revisionRoutes } from '../faces/revisions/routes.ts';
import { routes as aiConnectionRoutes } from '../faces/ai-connections/routes.ts';
import { routes as aiLlmRoutes } from '../faces/ai-llm/routes.ts';
import { routes as aiStatsRoutes } from '../faces/ai-stats/routes.ts';
import { routes as authRoutes } from '../faces/auth/routes.ts';
import { routes as chatRoutes } from '../faces/chats/routes.ts';
import { routes as localModelRoutes } from '../faces/configurations/local-models.ts';
import { routes as headroomRoutes } from '../faces/configurations/headroom.ts';
import { routes as configurationRoutes } from '../faces/configurations/routes.ts';
import { routes as eventRoutes } from '../faces/events/routes.ts';
import { routes as exportRoutes } from '../faces/exports/routes.ts';
import type { Route } from '../faces/kit/route.ts';
import { routes as invitationRoutes } from '../faces/invitations/routes.ts';
import { routes as limitRoutes } from '../faces/limits/routes.ts';
import { routes as meRoutes } from '../faces/me/routes.ts';
import { routes as secondFactorRoutes } from '../faces/me/second-factor-routes.ts';
import { routes as opsRoutes } from '../faces/ops/routes.ts';
import { routes as policyRoutes } from '../faces/policies/routes.ts';
import { routes as providerRoutes } from '../faces/providers/routes.ts';
import { routes as repoKeyRoutes } from '../faces/repo/key-routes.ts';
import { routes as repoRoutes } from '../faces/repo/routes.ts';
import { routes as repositoryRoutes } from '../faces/repositories/routes.ts';
import { routes as requestRoutes } from '../faces/requests/routes.ts';
import { routes as routingRoutes } from '../faces/routing/routes.ts';
import { routes as statusRoutes } from '../faces/status/routes.ts';
import { routes as taskRoutes } from '../faces/tasks/routes.ts';
import { routes as useCaseRoutes } from '../faces/use-cases/routes.ts';
import { routes as usageImportRoutes } from '../faces/usage-imports/routes.ts';
import { routes as usageRoutes } from '../faces/usage/routes.ts';
import { routes as userRoutes } from '../faces/users/routes.ts';
import { routes as captureRoutes } from '../faces/workspaces/capture-routes.ts';
import { routes as workspaceRoutes } from '../faces/workspaces/routes.ts';
import type { HouseDeps } from './house.ts';

export const registry: readonly Route<HouseDeps>[] = [
  ...opsRoutes,
  ...authRoutes,
  ...meRoutes,
  ...secondFactorRoutes,
  ...userRoutes,
  ...invitationRoutes,
  ...accessKeyRoutes,
  ...limitRoutes,
  ...workspaceRoutes,
  ...captureRoutes,
  ...repositoryRoutes,
  ...repoRoutes,
  ...repoKeyRoutes,
  ...configurationRoutes,
  ...localModelRoutes,
  ...headroomRoutes,
  ...providerRoutes,
  ...policyRoutes,
  ...aiLlmRoutes,
  ...aiStatsRoutes,
  ...aiConnectionRoutes,
  ...adminModelRoutes,
  ...adminPriceRoutes,
  ...adminTemplateRoutes,
  ...adminSettingsRoutes,
  ...adminSystemRoutes,
  ...auditRoutes,
  ...revisionRoutes,
  ...retentionRoutes,
  ...alertRoutes,
  ...useCaseRoutes,
  ...routingRoutes,
  ...usageRoutes,
  ...usageImportRoutes,
  ...requestRoutes,
  ...exportRoutes,
  ...statusRoutes,
  ...taskRoutes,
  ...eventRoutes,
  ...chatRoutes,
];
