/** The knowledge area in the words of people who look after a help center. */

import type { ArticleState, Audience, Overlap } from "@baton/shared/knowledge";
import type { KnowledgePage } from "./route.ts";

export const PAGE_WORDS: Record<KnowledgePage, { name: string; lead: string }> = {
  sources: { name: "Sources", lead: "Where articles come from, and how fresh they are." },
  articles: { name: "Articles", lead: "Everything the AI agent may answer from." },
  search: {
    name: "Search preview",
    lead: "What the AI agent finds for a question, and why in this order.",
  },
  overlaps: { name: "Overlaps", lead: "Articles that repeat or contradict each other." },
  versions: {
    name: "Versions",
    lead: "Every sync makes a version; you can go back to any kept one.",
  },
};

export const STATE_WORDS: Record<ArticleState, string> = {
  live: "Live",
  draft: "Draft",
  scheduled: "Scheduled",
  expired: "Expired",
  withdrawn: "Withdrawn",
};

export const STATE_MEANING: Record<ArticleState, string> = {
  live: "Customers can be answered from it.",
  draft: "Not published: never cited.",
  scheduled: "Not in force yet: cited from its date on.",
  expired: "Out of force: not cited any more.",
  withdrawn: "Hidden by hand: not cited until it is restored.",
};

export function audienceWords({ signed_in, segments }: Audience): string {
  if (segments.length > 0) return segments.join(", ");
  return signed_in ? "Signed-in customers" : "Everyone";
}

export const OVERLAP_WORDS: Record<Overlap["kind"], string> = {
  duplicate: "Say the same",
  contradiction: "May contradict",
};

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString()} ${count === 1 ? one : many}`;

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
