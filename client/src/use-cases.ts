/** Use cases: named roles of a model with prompt, parameters and who may use them; `/v1` knows them as `use-case/<slug>`. */
import type { AvailableUseCase, UseCaseChange, UseCaseCreate, UseCaseTried, UseCaseTry, UseCaseView } from '@patchbay/contract/use-cases';
import { segment, type Transport } from './transport.ts';

export interface UseCaseCalls {
  list(signal?: AbortSignal): Promise<UseCaseView[]>;
  /** Those that the caller may use. */
  available(signal?: AbortSignal): Promise<AvailableUseCase[]>;
  create(input: UseCaseCreate): Promise<UseCaseView>;
  get(id: string, signal?: AbortSignal): Promise<UseCaseView>;
  update(id: string, change: UseCaseChange): Promise<UseCaseView>;
  delete(id: string): Promise<void>;
  /** A live call to the model. Read `isAnswered`. */
  try(asked: UseCaseTry, signal?: AbortSignal): Promise<UseCaseTried>;
}

export function useCaseCalls(transport: Transport): UseCaseCalls {
  const base = 'api/use-cases';
  const at = (id: string): string => `${base}/${segment(id)}`;
  return {
    async list(signal) {
      return (await transport.call<{ data: UseCaseView[] }>('GET', base, { signal })).data;
    },
    async available(signal) {
      return (await transport.call<{ data: AvailableUseCase[] }>('GET', `${base}/available`, { signal })).data;
    },
    async create(input) {
      return (await transport.call<{ data: UseCaseView }>('POST', base, { body: input })).data;
    },
    async get(id, signal) {
      return (await transport.call<{ data: UseCaseView }>('GET', at(id), { signal })).data;
    },
    async update(id, change) {
      return (await transport.call<{ data: UseCaseView }>('PATCH', at(id), { body: change })).data;
    },
    async delete(id) {
      await transport.call('DELETE', at(id));
    },
    async try(asked, signal) {
      return (await transport.call<{ data: UseCaseTried }>('POST', `${base}/try`, { body: asked, signal })).data;
    },
  };
}
