/** Addresses of the evaluations, /console/evals/runs/{id}?sample=…, and the words and numbers of their pages. */

import type { Because, EvalResult } from "../evalTypes.ts";

export type EvalPlace =
  | { page: "runs" }
  | { page: "samples" }
  | { page: "run"; run: string }
  | { page: "result"; run: string; sample: string; number: number }
  | { page: "compare"; before: string; after: string };

const BASE = "/console/evals";

export function evalPlaceOf(path: string, query: string): EvalPlace | null {
  if (path !== BASE && !path.startsWith(`${BASE}/`)) return null;
  const asked = new URLSearchParams(query);
  const [name = "", id = ""] = path.slice(BASE.length + 1).split("/");
  if (name === "compare")
    return {
      page: "compare",
      before: asked.get("before") ?? "",
      after: asked.get("after") ?? "",
    };
  if (name === "samples") return { page: "samples" };
  if (name !== "runs" || !id) return { page: "runs" };
  const run = decodeURIComponent(id);
  const sample = asked.get("sample");
  if (sample === null) return { page: "run", run };
  return { page: "result", run, sample, number: wholeNumber(asked.get("trial")) };
}

export function evalAddress(place: EvalPlace): string {
  switch (place.page) {
    case "runs":
      return BASE;
    case "samples":
      return `${BASE}/samples`;
    case "compare":
      return `${BASE}/compare?${new URLSearchParams({ before: place.before, after: place.after })}`;
    case "run":
      return `${BASE}/runs/${encodeURIComponent(place.run)}`;
    default: {
      const query = new URLSearchParams({ sample: place.sample, trial: String(place.number) });
      return `${BASE}/runs/${encodeURIComponent(place.run)}?${query}`;
    }
  }
}

const wholeNumber = (text: string | null): number => {
  const number = Number(text ?? 0);
  return Number.isSafeInteger(number) && number >= 0 ? number : 0;
};

/** "93.3 %"; a dash where nothing was measured. */
export const percent = (share: number | null | undefined): string =>
  share === null || share === undefined ? "–" : `${(100 * share).toFixed(1)} %`;

/** "+1.5", in points of a hundred. */
export const points = (change: number): string => {
  const shown = (100 * change).toFixed(1);
  return change > 0 ? `+${shown}` : shown;
};

/** "p = 0.02", and no more than was measured. */
export const chance = (p: number): string => (p < 0.001 ? "< 0.001" : p.toPrecision(2));

export const BECAUSE_WORDS: Record<Because, string> = {
  low_rating: "Rated low",
  handed_off: "Handed off",
  corrected: "Corrected by a person",
};

const WAYS = ["question", "messages", "says_in_turn", "simulated"];

/** What keeps this text from being a sample, in words; null where nothing does. */
export function sampleProblem(text: string): string | null {
  let sample: unknown;
  try {
    sample = JSON.parse(text);
  } catch {
    return "This is not JSON: look for a missing comma, quote or bracket.";
  }
  if (typeof sample !== "object" || sample === null || Array.isArray(sample))
    return "A sample is one JSON object, in curly brackets.";
  if (!("id" in sample) || typeof sample.id !== "string" || !sample.id)
    return 'A sample needs its "id".';
  const ways = WAYS.filter((way) => way in sample);
  return ways.length === 1 ? null : `Write one of ${WAYS.join(", ")}.`;
}

export type ResultFilter = "failed" | "all" | "disagree";

export const FILTER_WORDS: Record<ResultFilter, string> = {
  failed: "Failed",
  all: "All",
  disagree: "People disagree",
};

/** A person said otherwise than the scores. */
export const disagrees = (one: EvalResult): boolean =>
  one.verdict !== null && (one.verdict === "right") !== one.passed;

export function shown(
  results: readonly EvalResult[],
  filter: ResultFilter,
  words: string,
): EvalResult[] {
  const asked = words.trim().toLowerCase();
  return results.filter((one) => {
    if (filter === "failed" && one.passed) return false;
    if (filter === "disagree" && !disagrees(one)) return false;
    const text = [one.sample_id, one.row.asked ?? "", ...(one.row.tags ?? [])].join(" ");
    return text.toLowerCase().includes(asked);
  });
}

export interface Agreement {
  labelled: number;
  /** Share on which people and scores say the same. */
  agreed: number;
  /** Cohen's kappa: agreement beyond what chance would give; null where one of them never differs. */
  kappa: number | null;
}

/** How far what people said agrees with the scores; null before anybody said anything. */
export function agreement(results: readonly EvalResult[]): Agreement | null {
  const labelled = results.filter((one) => one.verdict !== null);
  const n = labelled.length;
  if (n === 0) return null;
  const agreed = labelled.filter((one) => !disagrees(one)).length / n;
  const people = labelled.filter((one) => one.verdict === "right").length / n;
  const scores = labelled.filter((one) => one.passed).length / n;
  const luck = people * scores + (1 - people) * (1 - scores);
  return { labelled: n, agreed, kappa: luck === 1 ? null : (agreed - luck) / (1 - luck) };
}
