/** Whose rows of the books a caller may see, as a condition of SQL: one rule for sums and for lists (architecture, section 10). */

/** Everything for administrators; else one's own rows and those of the workspaces that one administers. */
export type Visibility = 'all' | { userId: string; workspaceIds: readonly string[] };

/** Collects parameters while a statement is put together. */
export class Parameters {
  readonly values: unknown[] = [];
  /** The placeholder of a new parameter. */
  add(value: unknown): string {
    return `$${this.values.push(value)}`;
  }
}

/** The condition for a table under the given alias. */
export function visibleCondition(visibility: Visibility, alias: string, parameters: Parameters): string {
  if (visibility === 'all') return 'TRUE';
  const own = `${alias}.user_id = ${parameters.add(visibility.userId)}`;
  if (visibility.workspaceIds.length === 0) return own;
  return `(${own} OR ${alias}.workspace_id IN (${visibility.workspaceIds.map((id) => parameters.add(id)).join(', ')}))`;
}
