/** The form of a provider: its settings field by field, and where requests would go. */
import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { formFieldsOf } from '../form/fields.ts';

/** What a form has typed so far that changes the form itself. */
interface Typed {
  /** Narrows the bounds of some fields (C-05, C-07). */
  model?: string;
  baseUrl?: string;
}

const urlCharsMax = 500;

const schemaQuery = (provider: string, { model, baseUrl }: Typed) =>
  queryOptions({
    queryKey: ['providers', provider, 'schema', model ?? '', baseUrl ?? ''],
    queryFn: async ({ signal }) => {
      const query = { model: model || undefined, baseUrl: baseUrl?.slice(0, urlCharsMax) || undefined };
      const { fields, requestUrl } = await client.providers.schema(provider, query, signal);
      return { fields: formFieldsOf(fields), requestUrl };
    },
    staleTime: Infinity,
  });

export const providerSchemaQuery = (provider: string) => schemaQuery(provider, {});

/** The same as soon as somebody has typed a model or an address; until it is there, what was known before. */
export const useTypedSchema = (provider: string, typed: Typed) =>
  useQuery({ ...schemaQuery(provider, typed), placeholderData: keepPreviousData, retry: false, gcTime: 60_000 });
