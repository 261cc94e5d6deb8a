import type { Marked } from "@baton/shared/richText";
import type { Block, Inline } from "@baton/shared/types";

type Leaf = Extract<Inline, { t: "text" | "code" }>;
type Range = { from: number; to: number };

/** Too short to be looked for alone: "the" would light up anywhere. In letters and digits. */
const SHORTEST = 12;

/**
 * The same blocks with the quoted passage wrapped in marks. Compares letters and digits only, so that
 * Markdown signs, bullets, line breaks and quotes in the passage do not matter. Quotes that are not
 * found whole are looked for sentence by sentence; without a hit the blocks come back as they were.
 */
export function highlightQuote(body: readonly Block[], quote: string): Block[] {
  const leaves: Leaf[] = [];
  for (const block of body) collect(block, leaves);
  let letters = "";
  const places: { leaf: number; at: number }[] = [];
  leaves.forEach((leaf, index) => {
    for (const match of leaf.v.matchAll(/[\p{L}\p{N}]/gu)) {
      const folded = match[0].toLowerCase();
      letters += folded;
      for (let i = 0; i < folded.length; i += 1) places.push({ leaf: index, at: match.index });
    }
  });
  const marks = new Map<Leaf, Range>();
  for (const [start, end] of findParts(letters, quote)) {
    for (const { leaf, at } of places.slice(start, end)) {
      const target = leaves[leaf] as Leaf;
      const to = at + ((target.v.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);
      const range = marks.get(target);
      marks.set(target, {
        from: Math.min(range?.from ?? at, at),
        to: Math.max(range?.to ?? 0, to),
      });
    }
  }
  return marks.size === 0 ? [...body] : body.map((block) => mapBlock(block, marks));
}

function findParts(letters: string, quote: string): [number, number][] {
  const withoutTargets = quote.replace(/\]\([^)]*\)/g, "]").replace(/\[\d+\]/g, " ");
  const whole = find(letters, withoutTargets, 4);
  if (whole) return [whole];
  return withoutTargets
    .split(/(?<=[.!?:])\s+|\n+/)
    .map((part) => find(letters, part, SHORTEST))
    .filter((hit) => hit !== null);
}

function find(letters: string, text: string, shortest: number): [number, number] | null {
  const wanted = (text.match(/[\p{L}\p{N}]/gu) ?? []).join("").toLowerCase();
  if (wanted.length < shortest) return null;
  const start = letters.indexOf(wanted);
  return start < 0 ? null : [start, start + wanted.length];
}

function collect(node: Block | Inline, leaves: Leaf[]): void {
  switch (node.t) {
    case "text":
    case "code":
      leaves.push(node);
      return;
    case "ul":
    case "ol":
      for (const block of node.c.flat()) collect(block, leaves);
      return;
    case "table":
      for (const inline of [node.head, ...node.rows].flat(2)) collect(inline, leaves);
      return;
    case "p":
    case "h":
    case "quote":
    case "strong":
    case "em":
    case "link":
      for (const child of node.c) collect(child, leaves);
  }
}

function mapBlock(block: Block, marks: Map<Leaf, Range>): Block {
  const line = (inlines: Inline[]) => inlines.flatMap((inline) => mapInline(inline, marks));
  switch (block.t) {
    case "p":
    case "h":
      return { ...block, c: line(block.c) };
    case "quote":
      return { ...block, c: block.c.map((child) => mapBlock(child, marks)) };
    case "ul":
    case "ol":
      return { ...block, c: block.c.map((item) => item.map((child) => mapBlock(child, marks))) };
    case "table":
      return {
        ...block,
        head: block.head.map(line),
        rows: block.rows.map((row) => row.map(line)),
      };
    default:
      return block;
  }
}

function mapInline(inline: Inline, marks: Map<Leaf, Range>): Inline[] {
  switch (inline.t) {
    case "text":
    case "code":
      return split(inline, marks.get(inline));
    case "strong":
    case "em":
    case "link":
      return [{ ...inline, c: inline.c.flatMap((child) => mapInline(child, marks)) }];
    default:
      return [inline];
  }
}

function split(leaf: Leaf, range: Range | undefined): Inline[] {
  if (!range) return [leaf];
  let { from, to } = range;
  // Marks of neighbouring leaves touch each other, and a marked sentence ends with its full stop.
  if (/^[^\p{L}\p{N}]*$/u.test(leaf.v.slice(0, from))) from = 0;
  if (/^\s*$/.test(leaf.v.slice(to))) to = leaf.v.length;
  while (to < leaf.v.length && /[.,;:!?)”"’']/.test(leaf.v[to] as string)) to += 1;
  const piece = (v: string): Inline[] => (v === "" ? [] : [{ t: leaf.t, v }]);
  const mark: Marked = { t: "mark", c: piece(leaf.v.slice(from, to)) };
  return [...piece(leaf.v.slice(0, from)), mark as unknown as Inline, ...piece(leaf.v.slice(to))];
}
