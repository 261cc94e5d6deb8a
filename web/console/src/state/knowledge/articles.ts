/** The list of articles: its filters as they stand in the address, and as the service is asked for them. */

import type { ArticlePage, ArticleRow } from "@baton/shared/knowledge";

export const PAGE_SIZE = 50;
export const SORTS = ["title", "updated", "cited", "not_helpful"] as const;
export type Sort = (typeof SORTS)[number];

export const SORT_WORDS: Record<Sort, string> = {
  title: "By title",
  updated: "Last updated",
  cited: "Most cited",
  not_helpful: "Least helpful",
};

const FILTERS = ["search", "state", "source", "language", "audience", "cited"] as const;
export type Filter = (typeof FILTERS)[number];

type Query = Readonly<Record<string, string>>;

export function sortOf(query: Query): Sort {
  return SORTS.find((each) => each === query.sort) ?? "title";
}

/** What the service is asked for; two queries with the same text show the same list. */
export function askedFor(query: Query, offset: number): string {
  const asked = new URLSearchParams({
    sort: sortOf(query),
    offset: String(offset),
    limit: String(PAGE_SIZE),
  });
  for (const name of FILTERS) if (query[name]) asked.set(name, query[name]);
  return asked.toString();
}

export function isFiltered(query: Query): boolean {
  return FILTERS.some((name) => Boolean(query[name]));
}

/** The query with a filter set, or taken away where it is empty. */
export function withFilter(query: Query, name: Filter | "sort", value: string): Query {
  const { [name]: _, ...rest } = query;
  return value && value !== "title" ? { ...rest, [name]: value } : rest;
}

/** More rows below; a row that moved between two requests is not shown twice. */
export function joined(first: ArticlePage, more: ArticlePage): ArticlePage {
  const known = new Set(first.articles.map((row) => row.id));
  const fresh = more.articles.filter((row) => !known.has(row.id));
  return { ...more, articles: [...first.articles, ...fresh], offset: more.offset };
}

export function hasMore(page: ArticlePage): boolean {
  return page.offset + PAGE_SIZE < page.total;
}

export function citedWords(row: Pick<ArticleRow, "times_cited">): string {
  if (row.times_cited === 0) return "Never cited";
  return row.times_cited === 1 ? "Cited once" : `Cited ${row.times_cited.toLocaleString()} times`;
}

/** "8 of 10 found it helpful", or nothing while nobody said. */
export function helpfulWords(row: Pick<ArticleRow, "helpful" | "not_helpful">): string {
  const said = row.helpful + row.not_helpful;
  return said === 0 ? "" : `${row.helpful} of ${said} found it helpful`;
}
