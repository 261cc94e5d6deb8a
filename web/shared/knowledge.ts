/** The knowledge API of the console, as app/knowledge_schemas.py defines it. */

import type { Block } from "./types.ts";

export type ArticleState = "live" | "draft" | "scheduled" | "expired" | "withdrawn";

export interface SourceField {
  name: string;
  words: string;
  hint: string;
  required: boolean;
  secret: boolean;
  choices: string[];
}

export interface SourceKind {
  name: string;
  words: string;
  fields: SourceField[];
}

export interface SourceKinds {
  kinds: SourceKind[];
  /** Folders of the server that sources added here may read. */
  folders: string[];
}

export interface SyncChanges {
  added: number;
  changed: number;
  removed: number;
  unchanged: number;
  skipped: number;
}

export interface Source {
  id: string;
  kind: string;
  kind_words: string;
  name: string;
  options: Record<string, string>;
  secrets_set: string[];
  articles: number;
  last_sync: { at: string; changes: SyncChanges | null; problem: string | null } | null;
  changeable: boolean;
}

export interface SkippedLine {
  where: string;
  why: string;
  kept: boolean;
}

export interface SourceReport {
  source: Source;
  skipped: SkippedLine[];
  /** Further lines, which were not kept. */
  more: number;
}

export interface RunningSync {
  started_at: string;
  started_by: string;
  source_ids: string[] | null;
  stage: string;
  done: number;
  /** 0 where it is not known yet. */
  total: number;
  seconds_left: number | null;
  stopping: boolean;
}

export interface FinishedSync {
  finished_at: string;
  started_by: string;
  source_ids: string[] | null;
  outcome: "done" | "partly" | "failed" | "stopped";
  words: string;
  changes: SyncChanges | null;
  seconds: number;
  version: string;
}

export interface SyncState {
  running: RunningSync | null;
  last: FinishedSync | null;
}

export interface Version {
  number: number;
  made_at: string;
  cause: string;
  articles: number;
  passages: number;
  live: boolean;
  rolled_back_at: string | null;
}

export interface DiffPassage {
  heading: string;
  text: string;
}

export interface ArticleDiff {
  article_id: string;
  title: string;
  change: "added" | "removed" | "changed";
  before: DiffPassage[];
  after: DiffPassage[];
}

export interface VersionDiff {
  before: number;
  after: number;
  added: number;
  removed: number;
  changed: number;
  articles: ArticleDiff[];
}

export interface Audience {
  signed_in: boolean;
  segments: string[];
}

export interface SourceName {
  id: string;
  name: string;
  kind: string;
}

export interface ArticleRow {
  id: string;
  title: string;
  state: ArticleState;
  source: SourceName;
  language: string | null;
  audience: Audience;
  updated_at: string | null;
  effective_at: string | null;
  expires_at: string | null;
  times_cited: number;
  last_cited_at: string | null;
  helpful: number;
  not_helpful: number;
}

export interface Counted {
  value: string;
  words: string;
  count: number;
}

export interface ArticleFilters {
  states: Counted[];
  sources: Counted[];
  languages: Counted[];
  audiences: Counted[];
  never_cited: number;
}

export interface ArticlePage {
  articles: ArticleRow[];
  total: number;
  offset: number;
  filters: ArticleFilters;
}

export interface ArticlePassage {
  id: string;
  position: number;
  heading: string;
  text: string;
}

export interface ArticleDetail extends ArticleRow {
  url: string | null;
  text: string;
  body: Block[];
  passages: ArticlePassage[];
  feedback: { helpful: boolean; words: string; at: string }[];
  /** Written in the console, so that it can be deleted here. */
  written: boolean;
  revision: string;
}

export interface ArticleText {
  title: string;
  text: string;
  language: string | null;
  audience: Audience;
  status: "published" | "draft";
  effective_at: string | null;
  expires_at: string | null;
}

export interface SearchHit {
  article_id: string;
  passage_id: string;
  title: string;
  heading: string;
  text: string;
  score: number;
  dense: number;
  dense_rank: number | null;
  lexical: number;
  lexical_rank: number | null;
  /** What the score is the sum of. */
  parts: { words: string; value: number }[];
  reranked: number | null;
  matched: { word: string; weight: number }[];
  /** The same words as the passage writes them. */
  matched_words: string[];
  best_sentence: { text: string; score: number } | null;
}

export interface SearchPreview {
  question: string;
  version: string;
  took_ms: number;
  hits: SearchHit[];
  mended: Record<string, string>;
  unknown_words: string[];
  coverage: number;
}

export interface OverlapSide {
  article_id: string;
  title: string;
  heading: string;
  passage_id: string;
  text: string;
  /** Words that contradict the other side. */
  differing: string[];
  source: SourceName;
  updated_at: string | null;
}

export interface Overlap {
  kind: "duplicate" | "contradiction";
  similarity: number;
  why: string;
  first: OverlapSide;
  second: OverlapSide;
}

export interface OverlapList {
  overlaps: Overlap[];
  version: string;
}
