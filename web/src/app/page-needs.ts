/** What an address needs before its page can be drawn: files, and answers of the server. Known before the routes are there to tell. */
import type { files } from './page-files.ts';

export interface Needs {
  files: readonly (keyof typeof files)[];
  /** In the client's own spelling; each is a GET. Empty for a page before the door, which knows nobody. */
  asks: readonly string[];
  /** The connection in its form: what the form looks like depends on its provider. */
  formOf?: string;
}

type Parts = Readonly<Record<string, string>>;
type Entry = readonly [pattern: string, files: Needs['files'], more?: (parts: Parts, search: URLSearchParams) => Partial<Needs>];

const providers = 'api/providers';
const models = 'api/admin/models';
const configuration = (id: string): string => `api/configurations/${encodeURIComponent(id)}`;
/** The form of a provider: its fields, and what to begin with. */
export const schemaOf = (provider: string): string => `${providers}/${encodeURIComponent(provider)}/schema`;

const detail =
  (...rest: readonly string[]) =>
  ({ id = '' }: Parts): Partial<Needs> => ({ asks: [configuration(id), providers, ...rest.map((part) => configuration(id) + part)] });

/** Behind the door; an address in words stands before one with a part that varies. */
const behindTheDoor: readonly Entry[] = [
  ['/', ['OverviewPage'], () => ({ asks: ['api/requests?period=24h&limit=50'] })],
  ['/settings/ai-connections', ['ConnectionsPage'], () => ({ asks: [providers] })],
  [
    '/settings/ai-connections/new',
    ['AddConnectionPage'],
    (_, search) => {
      const provider = search.get('provider') ?? '';
      return {
        asks: provider === '' ? [providers] : [providers, schemaOf(provider), `${providers}/${encodeURIComponent(provider)}/templates`],
      };
    },
  ],
  ['/settings/ai-connections/$id/edit', ['EditConnectionPage'], ({ id }) => ({ asks: [providers], formOf: id })],
  ['/connections/$id', ['ConnectionPage', 'ConnectionUsagePages'], detail()],
  ['/connections/$id/models', ['ConnectionPage', 'ConnectionModelsPage'], detail('/models')],
  ['/connections/$id/usage', ['ConnectionPage', 'ConnectionUsagePages'], detail('/failures')],
  ['/connections/$id/health', ['ConnectionPage', 'ConnectionHealthPage'], detail('/health-history?range=24h')],
  ['/connections/$id/access', ['ConnectionPage', 'ConnectionAccessPage'], detail('/access', '/dependants')],
  ['/connections/$id/edit', ['ConnectionPage', 'ConnectionEditPage'], ({ id }) => ({ asks: [providers], formOf: id })],
  ['/admin/ai_models', ['ModelsPage'], () => ({ asks: [models, providers] })],
  // The form begins with the provider that most have.
  ['/admin/ai_models/new', ['ModelsPage', 'ModelFormPages'], () => ({ asks: [models, providers, schemaOf('openai')] })],
  ['/admin/ai_models/$id/edit', ['ModelsPage', 'ModelFormPages'], ({ id }) => ({ asks: [models, providers], formOf: id })],
  ['/admin/ai_use_cases', ['UseCasesPage']],
  ['/admin/ai_use_cases/new', ['UseCaseFormPages']],
  ['/admin/ai_use_cases/$id', ['UseCaseFormPages']],
  ['/admin/ai_settings', ['AiSettingsPage'], () => ({ asks: ['api/admin/settings/ai', 'api/limit-settings'] })],
  ['/admin/audit', ['AuditPage']],
  ['/admin/prices', ['PricesPage']],
  ['/admin/system', ['SystemPage']],
  ['/admin/tasks', ['TasksPage']],
  ['/admin/templates', ['TemplatesPage']],
  ['/admin/users', ['UsersPage']],
  ['/admin/workspaces', ['WorkspacesPage']],
  ['/alerts', ['AlertsPages']],
  ['/alerts/$tab', ['AlertsPages']],
  ['/audit', ['AuditPage']],
  ['/chat', ['ChatPage']],
  ['/chat/$id', ['ChatPage']],
  ['/keys', ['KeysPage']],
  ['/members', ['MembersPage']],
  ['/policies', ['PoliciesPage']],
  ['/policies/new', ['PolicyFormPages']],
  ['/policies/$id', ['PolicyFormPages']],
  ['/repositories', ['RepositoriesPage']],
  ['/repositories/$id', ['RepositoryPage']],
  ['/requests', ['RequestsPage']],
  ['/requests/$id', ['RequestsPage']],
  ['/routing', ['RoutingPage']],
  ['/routing/simulator', ['SimulatorPage']],
  ['/settings/appearance', ['SettingsLayout', 'AppearancePage']],
  ['/settings/profile', ['SettingsLayout', 'ProfilePage']],
  ['/settings/security', ['SettingsLayout', 'SecurityPage']],
  ['/settings/tokens', ['SettingsLayout', 'TokensPage']],
  ['/status', ['StatusPage']],
  ['/usage', ['UsagePage']],
  ['/usage/reconciliation', ['ReconciliationPage']],
];

const beforeTheDoor: readonly Entry[] = [
  ['/login', ['SignInPage']],
  ['/setup', ['SetupPage']],
  ['/invite/$token', ['InvitePage']],
  ['/status/$token', ['SharedStatusPage']],
];

/** Who is signed in and, for the navigation, which connections fail. */
const ofTheShell = ['api/me', 'api/ai-connections'];

/** The parts of a path that vary, by their names; null where it is another address. */
function partsOf(pattern: string, path: string): Parts | null {
  const names = pattern.split('/');
  const words = path.split('/');
  if (names.length !== words.length) return null;
  const parts: Record<string, string> = {};
  for (const [index, name] of names.entries()) {
    const word = words[index] ?? '';
    if (name.startsWith('$') && word !== '') parts[name.slice(1)] = decodeURIComponent(word);
    else if (name !== word) return null;
  }
  return parts;
}

/**
 * @param path below the base path, beginning with `/`
 * @returns null for an address that nothing is known of; a page without an entry is drawn all the same, a little later
 */
export function needsOf(path: string, search: URLSearchParams): Needs | null {
  const place = path.length > 1 ? path.replace(/\/$/, '') : path;
  for (const entries of [behindTheDoor, beforeTheDoor])
    for (const [pattern, files, more] of entries) {
      const parts = partsOf(pattern, place);
      if (!parts) continue;
      const { asks = [], formOf } = more?.(parts, search) ?? {};
      return { files, asks: entries === behindTheDoor ? [...ofTheShell, ...asks] : asks, formOf };
    }
  return null;
}
