/** The form of a provider: its settings field by field. */
import { queryOptions } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { formFieldsOf } from '../form/fields.ts';

export const providerSchemaQuery = (provider: string) =>
  queryOptions({
    queryKey: ['providers', provider, 'schema'],
    queryFn: async ({ signal }) => formFieldsOf((await client.providers.schema(provider, signal)).fields),
    staleTime: Infinity,
  });
