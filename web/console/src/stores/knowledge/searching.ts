/** The search preview: one question at a time, the last one asked is the one shown. */

import type { SearchPreview } from "@baton/shared/knowledge";
import { signal } from "@preact/signals";
import { viewerOf } from "../../state/knowledge/explain.ts";
import { announce } from "../page.ts";
import { knowledgeApi as api, wordsOf } from "../session.ts";

export type Searching =
  | { kind: "idle" }
  | { kind: "searching"; before: SearchPreview | null }
  | { kind: "found"; found: SearchPreview }
  | { kind: "failed"; words: string };

export const searching = signal<Searching>({ kind: "idle" });
let asked = 0;

export async function search(query: Readonly<Record<string, string>>): Promise<void> {
  const mine = ++asked;
  const question = query.q?.trim();
  if (!question) {
    searching.value = { kind: "idle" };
    return;
  }
  const now = searching.peek();
  searching.value = { kind: "searching", before: now.kind === "found" ? now.found : null };
  try {
    const viewer = viewerOf(query.as ?? "", query.segments ?? "");
    const found = await api.search({ question, viewer });
    if (mine !== asked) return;
    searching.value = { kind: "found", found };
    announce(found.hits.length === 1 ? "1 passage found." : `${found.hits.length} passages found.`);
  } catch (refusal) {
    if (mine === asked) searching.value = { kind: "failed", words: wordsOf(refusal) };
  }
}
