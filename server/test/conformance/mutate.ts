/** Ways to break a text, a list of events or some bytes, drawn from a seeded source; the same draws break the same way. */
type Draw = () => number;

export const whole = (draw: Draw, min: number, max: number): number => min + Math.floor(draw() * (max - min + 1));
export const pick = <Item>(draw: Draw, items: readonly Item[]): Item => items[Math.floor(draw() * items.length)]!;

/** Stands for brackets within brackets, deeper than a tree can be written that holds them. */
const depthMark = '@deep@';
const bottomless = '['.repeat(20_000) + ']'.repeat(20_000);

const deep = (levels: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
};

/** Values that a reader does not expect where it finds them. */
const odd: readonly ((draw: Draw) => unknown)[] = [
  () => null,
  () => true,
  () => false,
  () => 0,
  () => -1,
  () => 1e308,
  () => 2 ** 53 + 2,
  () => -0.5,
  () => '',
  () => '\u0000',
  () => '\ud800',
  () => '__proto__',
  () => 'constructor',
  () => '{"a":',
  () => 'data:,',
  () => 'patchbay.1.x',
  () => [],
  () => {},
  () => [[[]]],
  () => [null],
  () => ({ length: 1e9 }),
  () => ({ toString: 1, valueOf: 2 }),
  () => ({ type: 'error', error: { type: 'overloaded_error', message: 'x' } }),
  (draw) => 'x'.repeat(whole(draw, 1, 20_000)),
  (draw) => deep(pick(draw, [2, 60, 500])),
  (draw) => whole(draw, -1e9, 1e9),
  () => depthMark,
];

interface Place {
  parent: Record<string, unknown>;
  key: string;
}

function places(value: unknown, found: Place[] = []): Place[] {
  if (typeof value !== 'object' || value === null || found.length > 2_000) return found;
  for (const key of Object.keys(value)) {
    found.push({ parent: value as Record<string, unknown>, key });
    places((value as Record<string, unknown>)[key], found);
  }
  return found;
}

/** One place of a tree made odd, taken away, doubled, renamed, or put where another one was. */
function mutateTree(draw: Draw, root: unknown): void {
  const all = places(root);
  if (all.length === 0) return;
  const { parent, key } = pick(draw, all);
  switch (whole(draw, 0, 5)) {
    case 0:
      delete parent[key];
      return;
    case 1:
      parent[`${key}_`] = parent[key];
      delete parent[key];
      return;
    case 2: {
      const other = pick(draw, all);
      // A copy, since a tree that holds itself has no text.
      parent[key] = JSON.parse(JSON.stringify(other.parent[other.key] ?? null)) as unknown;
      return;
    }
    case 3:
      if (Array.isArray(parent)) parent.push(JSON.parse(JSON.stringify(parent[Number(key)] ?? null)));
      else parent['index'] = pick(draw, [-1, 1e9, '0', null, 7]);
      return;
    default:
      parent[key] = pick(draw, odd)(draw);
  }
}

function mutatedLine(draw: Draw, line: string): string {
  // It can be sent, but not taken apart and written again.
  if (line.includes(bottomless)) return line;
  let tree: unknown;
  try {
    tree = JSON.parse(line);
  } catch {
    return line;
  }
  for (let times = whole(draw, 1, 3); times > 0; times--) mutateTree(draw, tree);
  return JSON.stringify(tree).replace(`"${depthMark}"`, bottomless);
}

/** A list of events with some of them broken, lost, doubled, out of order, or of another answer. */
export function mutatedLines(draw: Draw, lines: readonly string[], others: readonly string[]): string[] {
  const broken = [...lines];
  for (let times = whole(draw, 1, 3); times > 0 && broken.length > 0; times--) {
    const at = whole(draw, 0, broken.length - 1);
    switch (broken.length === 1 ? 9 : whole(draw, 0, 12)) {
      case 0:
        broken.splice(at, 1);
        break;
      case 1:
        broken.splice(at, 0, broken[at]!);
        break;
      case 2:
        broken.push(...broken.splice(at, 1));
        break;
      case 3:
        broken.splice(at, 0, pick(draw, others));
        break;
      case 4:
        broken.length = at;
        break;
      case 5:
        broken.splice(
          at,
          0,
          pick(draw, ['null', '[]', '0', '"x"', '{}', '', '{"type":"error"}', '{"error":{"message":"x"}}', '[DONE]', '{"type":"ping"}']),
        );
        break;
      default:
        broken[at] = mutatedLine(draw, broken[at]!);
    }
  }
  return broken;
}

const inserts: readonly string[] = [
  '\r',
  '\n',
  '\r\n\r\n',
  '\u0000',
  '\ufeff',
  ':',
  'data:',
  'event: error\n',
  'id: 1\nretry: 0\n',
  '}',
  '{',
  '"',
  '\\',
  '\ud83d\ude00',
  '1e999',
  '[DONE]',
];

/** Bytes with some of them turned, lost, doubled, or new. */
export function mutatedBytes(draw: Draw, bytes: Buffer): Buffer {
  let broken = Buffer.from(bytes);
  for (let times = whole(draw, 1, 4); times > 0 && broken.length > 0; times--) {
    const at = whole(draw, 0, broken.length - 1);
    const end = Math.min(broken.length, at + whole(draw, 1, 40));
    switch (whole(draw, 0, 4)) {
      case 0:
        broken[at] = whole(draw, 0, 255);
        break;
      case 1:
        broken = Buffer.concat([broken.subarray(0, at), broken.subarray(end)]);
        break;
      case 2:
        broken = Buffer.concat([broken.subarray(0, end), broken.subarray(at)]);
        break;
      case 3:
        broken = Buffer.concat([broken.subarray(0, at), Buffer.from(pick(draw, inserts)), broken.subarray(at)]);
        break;
      default:
        broken = broken.subarray(0, at);
    }
  }
  return broken;
}
