/** The list of articles as filtered, page by page. */

import type { ArticlePage } from "@baton/shared/knowledge";
import { signal } from "@preact/signals";
import { askedFor, joined, PAGE_SIZE } from "../../state/knowledge/articles.ts";
import { Loaded } from "../loaded.ts";
import { toast } from "../page.ts";
import { knowledgeApi as api, wordsOf } from "../session.ts";

let query: Readonly<Record<string, string>> = {};

export const articleList = new Loaded<ArticlePage>(() => api.articles(askedFor(query, 0)));
export const loadingMore = signal(false);

export function showArticles(filtered: Readonly<Record<string, string>>): void {
  query = filtered;
  void articleList.load();
}

export async function moreArticles(): Promise<void> {
  const shown = articleList.peek();
  if (!shown || loadingMore.peek()) return;
  const asked = askedFor(query, shown.offset + PAGE_SIZE);
  loadingMore.value = true;
  try {
    const page = await api.articles(asked);
    // The filter may have changed meanwhile: then these rows belong to another list.
    if (articleList.peek() === shown) articleList.put(joined(shown, page));
  } catch (refusal) {
    toast(wordsOf(refusal));
  } finally {
    loadingMore.value = false;
  }
}
