/** Why a passage stands where it stands, in words and as marks in its text. */

import type { SearchHit } from "@baton/shared/knowledge";
import { escaped, wordPattern } from "./matching.ts";

const ORDINALS = ["", "1st", "2nd", "3rd"];
export const ordinal = (n: number): string => ORDINALS[n] ?? `${n}th`;

/** One sentence: which of the two searches brought it here. */
export function whyHere(hit: SearchHit): string {
  const { dense_rank: dense, lexical_rank: lexical } = hit;
  if (dense === null && lexical === null) return "Neither search ranked it on its own.";
  if (lexical === null)
    return `${ordinal(dense as number)} by meaning. It shares no rare word with the question.`;
  const words = `${ordinal(lexical)} by words`;
  if (dense === null) return `${words}. Its meaning is not among the nearest.`;
  if (dense === lexical) return `${ordinal(dense)} by meaning and by words.`;
  const [ahead, behind] =
    dense < lexical
      ? [`${ordinal(dense)} by meaning`, words]
      : [words, `${ordinal(dense)} by meaning`];
  return `${ahead}, ${behind}.`;
}

/** How far it is from its neighbour in the list, and which part of the score makes the difference. */
export function besideNeighbour(hit: SearchHit, neighbour: SearchHit, ahead: boolean): string {
  const [better, worse] = ahead ? [hit, neighbour] : [neighbour, hit];
  const gap = better.score - worse.score;
  const gains = better.parts.map(({ words, value }, i) => ({
    words,
    gain: value - (worse.parts[i]?.value ?? 0),
  }));
  const most = gains.reduce((a, b) => (b.gain > a.gain ? b : a), { words: "", gain: 0 });
  const place = ahead ? "ahead of the next" : "behind the one above";
  const why = most.gain > 0 ? `, most of all by “${most.words.toLowerCase()}”` : "";
  return gap < 0.0005
    ? `Level with ${ahead ? "the next" : "the one above"}.`
    : `${gap.toFixed(2)} ${place}${why}.`;
}

export interface Marked {
  text: string;
  word: boolean;
  best: boolean;
}

/** The passage with the question's words and its best sentence marked. */
export function markedText(hit: SearchHit): Marked[] {
  const best = placeOf(hit.text, hit.best_sentence?.text ?? "");
  const words = wordPlaces(hit.text, hit.matched_words);
  const edges = new Set([0, hit.text.length, ...best, ...words.flat()]);
  const cuts = [...edges].sort((a, b) => a - b);
  return cuts.slice(0, -1).map((from, i) => ({
    text: hit.text.slice(from, cuts[i + 1]),
    word: words.some(([start, end]) => from >= start && from < end),
    best: from >= best[0] && from < best[1],
  }));
}

/** A title with the question's words marked. */
export function markedTitle(
  title: string,
  words: readonly string[],
): { text: string; word: boolean }[] {
  if (words.length === 0) return [{ text: title, word: false }];
  const parts = title.split(wordPattern(words)).map((text, i) => ({ text, word: i % 2 === 1 }));
  return parts.filter((part) => part.text !== "");
}

/** Where a quote stands in its passage; whitespace may differ, since quotes are joined lines. */
function placeOf(text: string, quote: string): [number, number] {
  if (!quote) return [0, 0];
  const pattern = quote.trim().split(/\s+/).map(escaped).join("\\s+");
  const found = new RegExp(pattern).exec(text);
  return found ? [found.index, found.index + found[0].length] : [0, 0];
}

function wordPlaces(text: string, words: readonly string[]): [number, number][] {
  if (words.length === 0) return [];
  return [...text.matchAll(wordPattern(words))].map((found) => [
    found.index,
    found.index + found[0].length,
  ]);
}

/** The width of a bar: the share of the best value on the page. */
export function shareOf(value: number, values: readonly number[]): number {
  const largest = Math.max(...values);
  return largest > 0 ? Math.max(0, value) / largest : 0;
}

export const SEARCH_AS = ["anybody", "signed_in", "segments"] as const;
export type SearchAs = (typeof SEARCH_AS)[number];

export const SEARCH_AS_WORDS: Record<SearchAs, string> = {
  anybody: "Anybody",
  signed_in: "A customer who signed in",
  segments: "A customer in segments…",
};

export function viewerOf(as: string, segments: string): { signed_in: boolean; segments: string[] } {
  if (as === "segments") return { signed_in: true, segments: segmentsOf(segments) };
  return { signed_in: as === "signed_in", segments: [] };
}

/** "gold, beta testers" as the names of segments. */
export function segmentsOf(text: string): string[] {
  return [
    ...new Set(
      text
        .split(/[,\n]/)
        .map((each) => each.trim())
        .filter(Boolean),
    ),
  ];
}
