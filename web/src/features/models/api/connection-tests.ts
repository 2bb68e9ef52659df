/** Tests of saved connections: what each found out stays with the page, whichever list it was started from. */
import type { AiConnection } from '@patchbay/contract/ai-connections';
import type { AdminModel } from '@patchbay/contract/admin-models';
import type { TestResult } from '@patchbay/contract/connections';
import type { BulkTestItem } from '@patchbay/contract/tasks';
import { queryOptions, useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { adminModelsQuery } from './admin-models.ts';
import { aiConnectionsQuery } from './ai-connections.ts';
import { noteChange } from './changes.ts';

export interface ConnectionTest {
  isTesting: boolean;
  result: TestResult | null;
  /** Why no test could be run; null where one ran. */
  fault: Error | null;
}

const untested: ConnectionTest = { isTesting: false, result: null, fault: null };
const none: Readonly<Record<string, ConnectionTest>> = {};

/** Nothing is loaded: the tests of this page's life, by the connection's id. */
export const connectionTestsQuery = queryOptions({
  queryKey: ['connection-tests'],
  queryFn: () => none,
  initialData: none,
  staleTime: Infinity,
  gcTime: Infinity,
});

function keep(queryClient: QueryClient, id: string, test: ConnectionTest | null): void {
  queryClient.setQueryData(connectionTestsQuery.queryKey, (known = none) => {
    const { [id]: _former, ...rest } = known;
    return test === null ? rest : { ...rest, [id]: test };
  });
}

/** The lists show the outcome at once; they are loaded again when the whole deed is done. */
function showInLists(queryClient: QueryClient, id: string, { status, testedAt, latencyMs }: TestResult): void {
  const outcome = { testStatus: status, lastTested: testedAt, latencyMs };
  queryClient.setQueryData(aiConnectionsQuery.queryKey, (list?: AiConnection[]) =>
    list?.map((row) => (row.id === id ? { ...row, ...outcome } : row)),
  );
  queryClient.setQueryData(adminModelsQuery.queryKey, (list?: AdminModel[]) =>
    list?.map((row) => (row.id === id ? { ...row, ...outcome } : row)),
  );
}

async function run(queryClient: QueryClient, id: string): Promise<ConnectionTest> {
  keep(queryClient, id, { ...untested, isTesting: true });
  let test: ConnectionTest;
  try {
    const { data } = await client.configurations.test(id);
    test = { ...untested, result: data };
    showInLists(queryClient, id, data);
  } catch (error) {
    test = { ...untested, fault: error instanceof Error ? error : new Error(String(error)) };
  }
  keep(queryClient, id, test);
  return test;
}

/** As many as a task of the server asks at the same time. */
export const testsAtOnce = 4;
/** How often the task is looked at, and how long at the most: a provider that says nothing is given up within minutes. */
const lookMs = 500;
const looksMax = 3_600;
/** The findings of the task are read from what it kept, without another call to the provider. */
const keptForS = 3_600;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What the task found out about one connection, with its steps. */
async function findingsOf(queryClient: QueryClient, id: string): Promise<ConnectionTest> {
  try {
    const { data } = await client.configurations.test(id, { maxAge: keptForS });
    showInLists(queryClient, id, data);
    return { ...untested, result: data };
  } catch (error) {
    return { ...untested, fault: error instanceof Error ? error : new Error(String(error)) };
  }
}

const toldBeside = new Set<string>();

/** Whether what comes of this task is told beside the rows that were chosen for it, and so nowhere else. */
export const isToldBeside = (taskId: string): boolean => toldBeside.has(taskId);

/**
 * Tests several as one task of the server, which goes on when the page is left; `onDone` is called after each.
 * Where the task cannot begin, that is each one's fault.
 */
export async function testMany(
  queryClient: QueryClient,
  ids: readonly string[],
  onDone: (id: string, test: ConnectionTest) => void,
): Promise<void> {
  const open = new Set(ids);
  const done = (id: string, test: ConnectionTest): void => {
    open.delete(id);
    keep(queryClient, id, test);
    onDone(id, test);
  };
  for (const id of ids) keep(queryClient, id, { ...untested, isTesting: true });
  try {
    const taskId = await client.tasks.testConnections(ids);
    toldBeside.add(taskId);
    for (let looks = 0, isOver = false; !isOver && looks < looksMax; looks += 1) {
      const task = await client.tasks.get(taskId);
      const items = (task.result?.['items'] ?? []) as readonly BulkTestItem[];
      for (const { id } of items) if (open.has(id)) done(id, await findingsOf(queryClient, id));
      isOver = task.state !== 'running';
      if (!isOver) await pause(lookMs);
    }
    for (const id of open) keep(queryClient, id, null);
  } catch (error) {
    const fault = error instanceof Error ? error : new Error(String(error));
    for (const id of open) done(id, { ...untested, fault });
  }
  await noteChange(queryClient);
}

export interface TestConnection extends ConnectionTest {
  test: () => Promise<ConnectionTest>;
  /** Forgets what was found out. */
  hide: () => void;
}

/** One saved connection's test: a live call to the provider, whose outcome is also kept with the connection. */
export function useTestConnection(configId: string): TestConnection {
  const queryClient = useQueryClient();
  const { data } = useQuery({ ...connectionTestsQuery, select: (tests) => tests[configId] ?? untested });
  return {
    ...data,
    test: async () => {
      const test = await run(queryClient, configId);
      await noteChange(queryClient);
      return test;
    },
    hide: () => keep(queryClient, configId, null),
  };
}
