/** Small true-to-contract values of the knowledge API. */

import type {
  ArticleDetail,
  ArticlePage,
  ArticleRow,
  FinishedSync,
  RunningSync,
  SearchHit,
} from "@baton/shared/knowledge";

export const running = (change: Partial<RunningSync> = {}): RunningSync => ({
  started_at: "2026-03-01T09:00:00Z",
  started_by: "Noor",
  source_ids: null,
  stage: "encoding",
  done: 0,
  total: 100,
  seconds_left: null,
  stopping: false,
  ...change,
});

export const finished = (change: Partial<FinishedSync> = {}): FinishedSync => ({
  finished_at: "2026-03-01T09:01:00Z",
  started_by: "Noor",
  source_ids: null,
  outcome: "done",
  words: "2 added, 0 changed, 0 removed.",
  changes: null,
  seconds: 1,
  version: "2",
  ...change,
});

export const row = (id: string, change: Partial<ArticleRow> = {}): ArticleRow => ({
  id,
  title: `Article ${id}`,
  state: "live",
  source: { id: "s1", name: "Help center", kind: "markdown" },
  language: "en",
  audience: { signed_in: false, segments: [] },
  updated_at: "2026-02-01T09:00:00Z",
  effective_at: null,
  expires_at: null,
  times_cited: 0,
  last_cited_at: null,
  helpful: 0,
  not_helpful: 0,
  ...change,
});

export const detail = (change: Partial<ArticleDetail> = {}): ArticleDetail => ({
  ...row("returns"),
  title: "Returns",
  url: null,
  text: "Within 45 days.",
  body: [],
  passages: [],
  feedback: [],
  written: true,
  revision: "r1",
  ...change,
});

export const page = (rows: ArticleRow[], change: Partial<ArticlePage> = {}): ArticlePage => ({
  articles: rows,
  total: rows.length,
  offset: 0,
  filters: { states: [], sources: [], languages: [], audiences: [], never_cited: 0 },
  ...change,
});

export const hit = (change: Partial<SearchHit> = {}): SearchHit => ({
  article_id: "returns",
  passage_id: "returns#0",
  title: "Returns",
  heading: "",
  text: "Send it back within 45 days. Keep the receipt.",
  score: 1,
  dense: 0.7,
  dense_rank: 1,
  lexical: 8,
  lexical_rank: 1,
  parts: [
    { words: "Near in meaning", value: 0.7 },
    { words: "Words in common", value: 0.3 },
  ],
  reranked: null,
  matched: [],
  matched_words: [],
  best_sentence: null,
  ...change,
});
