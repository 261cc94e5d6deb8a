/** Which words two passages do not share, in their order. */

import { wordPattern } from "./matching.ts";

export interface Piece {
  text: string;
  /** Only on this side. */
  differs: boolean;
}

/** Words and the space after them. Numbers keep their signs and points: "45", "$9.50", "30-day". */
const tokens = (text: string): string[] => text.match(/\S+\s*/g) ?? [];
const key = (token: string): string =>
  token
    .trim()
    .toLowerCase()
    .replace(/[.,;:!?)]+$/, "");

/** Beyond this the table would take tens of megabytes; such texts are shown without marks. */
const MOST_CELLS = 4_000_000;

export function differences(first: string, second: string): [Piece[], Piece[]] {
  const [a, b] = [tokens(first), tokens(second)];
  if (a.length * b.length > MOST_CELLS) return [whole(first), whole(second)];
  const [inA, inB] = shared(a.map(key), b.map(key));
  return [pieces(a, inA), pieces(b, inB)];
}

const whole = (text: string): Piece[] => [{ text, differs: false }];

/** Which tokens belong to a longest common subsequence, on each side. */
function shared(a: string[], b: string[]): [boolean[], boolean[]] {
  const width = b.length + 1;
  const length = new Uint16Array((a.length + 1) * width);
  const cell = (i: number, j: number): number => length[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      length[i * width + j] =
        a[i] === b[j] ? cell(i + 1, j + 1) + 1 : Math.max(cell(i + 1, j), cell(i, j + 1));
  const inA = a.map(() => false);
  const inB = b.map(() => false);
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) [inA[i++], inB[j++]] = [true, true];
    else if (cell(i + 1, j) >= cell(i, j + 1)) i++;
    else j++;
  }
  return [inA, inB];
}

/** Neighbours of one kind as one piece. */
function pieces(words: string[], common: boolean[]): Piece[] {
  const found: Piece[] = [];
  words.forEach((text, i) => {
    const differs = !common[i];
    const last = found.at(-1);
    if (last?.differs === differs) last.text += text;
    else found.push({ text, differs });
  });
  return found;
}

/** A passage with the words marked that contradict another one. */
export function against({ text, differing }: { text: string; differing: string[] }): Piece[] {
  if (differing.length === 0) return whole(text);
  return text
    .split(wordPattern(differing))
    .map((part, i) => ({ text: part, differs: i % 2 === 1 }))
    .filter((piece) => piece.text !== "");
}
