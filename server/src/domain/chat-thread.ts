/** A chat as a tree of messages: which path is shown, which versions there are, what still fits into a request. Pure. */

export type ChatRole = 'user' | 'assistant';
export type MessageState = 'complete' | 'streaming' | 'stopped' | 'interrupted' | 'failed';

/** A message without its text: all that the tree needs. Ids are UUIDv7, so their order is the order of making. */
export interface ThreadNode {
  id: string;
  parentId: string | null;
  role: ChatRole;
}

/** Most messages of one chat, all versions counted; more would make each page of it slow. */
export const messagesMax = 2_000;

/** How long after its last sign of life an answer under way counts as one that its process left behind. */
export const aliveMs = 15_000;

/** What a stored state means now: an answer that nobody writes any more was interrupted (a process that was killed says nothing). */
export const stateAt = (state: MessageState, seenAtMs: number, nowMs: number): MessageState =>
  state === 'streaming' && nowMs - seenAtMs > aliveMs ? 'interrupted' : state;

/** A chat's messages, looked up from each side. */
export interface Thread {
  byId: ReadonlyMap<string, ThreadNode>;
  /** By parent; the beginnings of the chat under null. Oldest first. */
  children: ReadonlyMap<string | null, readonly ThreadNode[]>;
}

export function threadOf(nodes: readonly ThreadNode[]): Thread {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const children = new Map<string | null, ThreadNode[]>();
  for (const node of nodes.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    const siblings = children.get(node.parentId) ?? [];
    siblings.push(node);
    children.set(node.parentId, siblings);
  }
  return { byId, children };
}

/** From the first message down to `headId`. Empty where the head is none of the chat's. */
export function pathTo(thread: Thread, headId: string | null): ThreadNode[] {
  const path: ThreadNode[] = [];
  let node = headId === null ? undefined : thread.byId.get(headId);
  // Bounded by the chat itself: a parent is always older than its children.
  while (node && path.length < messagesMax) {
    path.push(node);
    node = node.parentId === null ? undefined : thread.byId.get(node.parentId);
  }
  return path.toReversed();
}

/** All versions of a message, oldest first: what has the same parent and the same role. */
export const versionsOf = (thread: Thread, node: ThreadNode): string[] =>
  (thread.children.get(node.parentId) ?? []).filter(({ role }) => role === node.role).map(({ id }) => id);

/** The newest end below a message: what is shown where a version is chosen. */
export function newestLeaf(thread: Thread, id: string): string {
  let leaf = id;
  for (let depth = 0; depth < messagesMax; depth++) {
    const next = thread.children.get(leaf)?.at(-1);
    if (!next) return leaf;
    leaf = next.id;
  }
  return leaf;
}

/** A message and everything after it, in all versions. */
export function branchOf(thread: Thread, id: string): Set<string> {
  const branch = new Set<string>();
  const waiting = [id];
  for (let next = waiting.pop(); next !== undefined && branch.size < messagesMax; next = waiting.pop()) {
    if (branch.has(next)) continue;
    branch.add(next);
    waiting.push(...(thread.children.get(next) ?? []).map((child) => child.id));
  }
  return branch;
}

/** Where the path ends once a branch is gone: at the newest version that is left, else before it. */
export function headWithout(thread: Thread, headId: string | null, id: string): string | null {
  const gone = branchOf(thread, id);
  if (headId !== null && !gone.has(headId)) return headId;
  const node = thread.byId.get(id);
  if (!node) return headId;
  const other = versionsOf(thread, node).findLast((version) => version !== id);
  return other === undefined ? node.parentId : newestLeaf(thread, other);
}

export interface HistoryMessage {
  id: string;
  role: ChatRole;
  content: string;
}

export interface FittedHistory {
  sent: HistoryMessage[];
  /** Ids of what did not fit, oldest first. */
  leftOut: string[];
}

/** Characters of history that are sent where a model does not say how much it holds, and the most that any is sent. */
export const historyCharsDefault = 200_000;
export const historyCharsMax = 2_000_000;
/** Languages differ; three characters a token leaves room for those that need many tokens. */
const charsPerToken = 3;

/** How many characters of a chat a model takes: its window without room for the answer, in characters. */
export function historyCharsOf(contextWindow: number | null, answerTokens: number | null): number {
  if (contextWindow === null) return historyCharsDefault;
  const forAnswer = Math.min(answerTokens ?? contextWindow / 4, contextWindow / 2);
  return Math.min(historyCharsMax, Math.floor((contextWindow - forAnswer) * charsPerToken));
}

/**
 * The newest messages that fit. The last one, which is the question, is always sent; what goes first is the oldest, and a path that begins
 * with an answer whose question was left out loses that answer too.
 */
export function fitHistory(path: readonly HistoryMessage[], charsMax: number): FittedHistory {
  let chars = 0;
  let from = path.length;
  while (from > 0) {
    chars += path[from - 1]!.content.length;
    if (chars > charsMax && from < path.length) break;
    from--;
  }
  while (from > 0 && from < path.length - 1 && path[from]!.role === 'assistant') from++;
  return { sent: path.slice(from), leftOut: path.slice(0, from).map(({ id }) => id) };
}

const titleCharsWanted = 60;

/** A title from the first question: its first line with words in it, cut at a word, without the marks of Markdown. */
export function titleOf(question: string): string | null {
  const lines = question.split('\n').map((line) =>
    line
      .replace(/\p{Cc}/gu, ' ')
      .replace(/^[\s#>*+`-]+/, '')
      .replace(/[*_`]+/g, '')
      .replace(/\s+/g, ' ')
      .trim(),
  );
  const line = lines.find((text) => /[\p{L}\p{N}]/u.test(text)) ?? lines.find((text) => text !== '');
  if (line === undefined) return null;
  if (line.length <= titleCharsWanted) return line;
  const cut = line.slice(0, titleCharsWanted);
  const space = cut.lastIndexOf(' ');
  return `${(space > titleCharsWanted / 2 ? cut.slice(0, space) : cut).toWellFormed().replace(/\ufffd$/, '')}…`;
}
