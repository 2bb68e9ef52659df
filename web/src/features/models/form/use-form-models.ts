/** The models that a form offers: those of the endpoint that stands in it, else what the catalogue suggests. */
import type { Configuration } from '@patchbay/contract/configurations';
import type { Provider } from '@patchbay/contract/providers';
import { useQuery } from '@tanstack/react-query';
import { aiConnectionsQuery } from '../api/ai-connections.ts';
import { useProviderModels } from '../api/provider-models.ts';
import { modelSourceOf } from './model-source.ts';

export function useFormModels(endpoint: { provider: Provider; stored: Configuration | null; baseUrl: string }) {
  const { data: connections = [] } = useQuery(aiConnectionsQuery);
  const { through, isAsked } = modelSourceOf(endpoint, connections);
  const { data } = useProviderModels(endpoint.provider.name, through, isAsked);
  return { through, list: isAsked ? data : undefined };
}

/** The list, where it is known, and the id of the connection that it is asked through; without one it is the catalogue's. */
export type FormModels = ReturnType<typeof useFormModels>;
