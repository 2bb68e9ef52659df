/** Whom a form may ask for its list of models: only a connection to the endpoint that stands in the form knows what is there. */
import type { AiConnection } from '@patchbay/contract/ai-connections';
import type { Configuration } from '@patchbay/contract/configurations';
import type { Provider } from '@patchbay/contract/providers';

export interface ModelSource {
  /** The connection whose list it is; undefined where none leads to this endpoint, and the catalogue's suggestions have to do. */
  through: string | undefined;
  /** FALSE where the server would answer with the list of another endpoint. */
  isAsked: boolean;
}

interface Endpoint {
  provider: Pick<Provider, 'name' | 'defaultBaseUrl'>;
  /** What stands in the form; it need not be an address yet. */
  baseUrl: string;
  stored: Pick<Configuration, 'id' | 'baseUrl'> | null;
}

type Listed = Pick<AiConnection, 'id' | 'provider' | 'baseUrl' | 'scope' | 'isActive' | 'isDefault'>;

/** Addresses that differ in the case of the host or in a slash at the end are one; a text that is none equals only itself. */
function plainAddress(text: string): string {
  const typed = text.trim();
  const address = URL.canParse(typed) ? new URL(typed).href : typed;
  return address.replace(/\/+$/, '');
}

/** Of several connections to an endpoint the own one answers, the default first, as on the server. */
const rankOf = ({ scope, isDefault }: Listed): number => (scope === 'user' ? 0 : 2) + (isDefault ? 0 : 1);

export function modelSourceOf({ provider, baseUrl, stored }: Endpoint, connections: readonly Listed[]): ModelSource {
  const typed = plainAddress(baseUrl);
  if (stored !== null && plainAddress(stored.baseUrl ?? provider.defaultBaseUrl ?? '') === typed)
    return { through: stored.id, isAsked: true };
  const others = connections.filter((one) => one.provider === provider.name && one.isActive && one.scope !== 'environment');
  const [through] = others.filter((one) => plainAddress(one.baseUrl) === typed).toSorted((one, other) => rankOf(one) - rankOf(other));
  return { through: through?.id, isAsked: through !== undefined || others.length === 0 };
}
