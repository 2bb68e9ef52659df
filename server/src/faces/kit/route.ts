/** What a route of the control plane is: method, path, who may call it, its shapes, its statuses, one handler. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Caller } from '../../control/change.ts';
import type { Permission } from '../../domain/owner.ts';

/** Who may call a route. Rights over one object (own, workspace, organization) are the control rooms' business. */
export type Access = 'open' | 'signed-in' | 'administrator' | Permission;

/** Which error dialect answers: S3's face has two statuses of its own (C-08, C-30). */
export type Dialect = 'house' | 'ai-llm';

export interface Call<B, Q, P> extends Caller {
  body: B;
  query: Q;
  params: P;
  request: FastifyRequest;
  reply: FastifyReply;
}

export interface Answer {
  status: number;
  body: unknown;
}

export interface RouteSpec<Deps, B extends z.ZodType, Q extends z.ZodType, P extends z.ZodType> {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  summary: string;
  access: Access;
  dialect?: Dialect;
  body?: B;
  query?: Q;
  params?: P;
  /** `bytes`: the body is a file, handed on as it comes (`call.request.body`); the handler bounds it. */
  takes?: 'bytes';
  /** Schema of each success body by status. A field that is not declared here cannot leave. */
  answers: Record<number, z.ZodType>;
  /** Media types of a success, without their parameters; JSON where nothing is said. */
  gives?: readonly string[];
  /** Whether a browser opens it by itself, as a page: one without a session is led to the door then, and from there back. */
  isPage?(query: unknown): boolean;
  /** Every status that this route may give; each has its case in the tests. */
  statuses: readonly number[];
  handle(deps: Deps, call: Call<z.output<B>, z.output<Q>, z.output<P>>): Promise<Answer> | Answer;
}

/** A route with its own types forgotten, as the registry holds it. */
export interface Route<Deps> extends Omit<RouteSpec<Deps, z.ZodType, z.ZodType, z.ZodType>, 'handle'> {
  handle(deps: Deps, call: Call<never, never, never>): Promise<Answer> | Answer;
}

export function route<Deps, B extends z.ZodType, Q extends z.ZodType, P extends z.ZodType>(spec: RouteSpec<Deps, B, Q, P>): Route<Deps> {
  return spec;
}

export const ok = (body: unknown): Answer => ({ status: 200, body });
export const created = (body: unknown): Answer => ({ status: 201, body });
