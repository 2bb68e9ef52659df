/** Routing groups: named sets of targets that `/v1` takes for a model. */
import type { routingGroupChange, routingGroupCreate, RoutingGroupView } from '@patchbay/contract/routing';
import type { routingSimulation, simulationReport } from '@patchbay/contract/routing-simulation';
import type { Envelope } from './people.ts';
import { segment, type Input, type Output, type Transport } from './transport.ts';

export interface RoutingCalls {
  list(signal?: AbortSignal): Promise<RoutingGroupView[]>;
  create(input: Input<typeof routingGroupCreate>): Promise<RoutingGroupView>;
  get(id: string, signal?: AbortSignal): Promise<RoutingGroupView>;
  update(id: string, change: Input<typeof routingGroupChange>): Promise<RoutingGroupView>;
  remove(id: string): Promise<void>;
  /** What would become of many requests, by the rules of the gateway and in a time of its own; nobody is asked. */
  simulate(input: Input<typeof routingSimulation>, signal?: AbortSignal): Promise<Output<typeof simulationReport>>;
}

export function routingCalls(transport: Transport): RoutingCalls {
  const at = (id: string): string => `api/routing-groups/${segment(id)}`;
  return {
    async list(signal) {
      return (await transport.call<Envelope<RoutingGroupView[]>>('GET', 'api/routing-groups', { signal })).data;
    },
    async create(input) {
      return (await transport.call<Envelope<RoutingGroupView>>('POST', 'api/routing-groups', { body: input })).data;
    },
    async get(id, signal) {
      return (await transport.call<Envelope<RoutingGroupView>>('GET', at(id), { signal })).data;
    },
    async update(id, change) {
      return (await transport.call<Envelope<RoutingGroupView>>('PATCH', at(id), { body: change })).data;
    },
    async remove(id) {
      await transport.call('DELETE', at(id));
    },
    async simulate(input, signal) {
      const answer = await transport.call<Envelope<Output<typeof simulationReport>>>('POST', 'api/routing/simulate', {
        body: input,
        signal,
      });
      return answer.data;
    },
  };
}
