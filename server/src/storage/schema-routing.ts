/** The tables of routing groups as kysely sees them. */
import type { Generated } from 'kysely';
import type { Scope } from '../domain/owner.ts';
import type { Strategy } from '../domain/routing-group.ts';

interface RoutingGroupTable {
  id: string;
  scope: Scope;
  owner_id: string;
  name: string;
  name_key: string;
  strategy: Strategy;
  /** JSON. */
  options: string;
  is_active: boolean;
  created_by: string;
  created_at: number;
  updated_at: number;
  deleted_at: number | null;
  revision: Generated<number>;
}

interface RoutingGroupTargetTable {
  group_id: string;
  position: number;
  connection_id: string;
  model: string | null;
  weight: number;
  region: string | null;
  is_enabled: boolean;
}

export interface RoutingSchema {
  routing_groups: RoutingGroupTable;
  routing_group_targets: RoutingGroupTargetTable;
}
