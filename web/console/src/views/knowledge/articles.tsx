import type { ArticlePage, ArticleRow, Counted } from "@baton/shared/knowledge";
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import {
  citedWords,
  type Filter,
  hasMore,
  helpfulWords,
  isFiltered,
  SORT_WORDS,
  SORTS,
  sortOf,
  withFilter,
} from "../../state/knowledge/articles.ts";
import { at } from "../../state/knowledge/route.ts";
import { audienceWords, plural } from "../../state/knowledge/words.ts";
import {
  articleList,
  loadingMore,
  moreArticles,
  showArticles,
} from "../../stores/knowledge/articleList.ts";
import { goKnowledge } from "../../stores/place.ts";
import { Page } from "./area.tsx";
import { Link } from "./link.tsx";
import { Empty, Ready, When } from "./parts.tsx";
import { StateChip } from "./stateChip.tsx";

type Query = Readonly<Record<string, string>>;

export function ArticlesPage({ query }: { query: Query }): VNode {
  // The text of the query stands for it: the object is a new one with every move.
  const asked = JSON.stringify(query);
  useEffect(() => showArticles(query), [asked]);
  const write = (
    <Link to={at("write")} class="button button-primary" testid="write-article">
      Write an article
    </Link>
  );
  return (
    <Page place="articles" actions={write}>
      <div class="page-body">
        <Ready
          load={articleList.state.value}
          what="the articles"
          onRetry={() => showArticles(query)}
        >
          {(page) => (
            <>
              <Filters page={page} query={query} />
              <Rows page={page} query={query} />
            </>
          )}
        </Ready>
      </div>
    </Page>
  );
}

const filterBy = (query: Query, name: Filter | "sort", value: string): void =>
  goKnowledge(at("articles", withFilter(query, name, value)), { replace: true });

function Filters({ page, query }: { page: ArticlePage; query: Query }): VNode {
  const { filters } = page;
  return (
    <search class="filters" aria-label="Filter articles">
      <SearchBox query={query} />
      <div class="filter-row">
        <Choice name="state" words="State" all={filters.states} query={query} />
        <Choice name="source" words="Source" all={filters.sources} query={query} />
        <Choice name="language" words="Language" all={filters.languages} query={query} />
        <Choice name="audience" words="Readers" all={filters.audiences} query={query} />
        <button
          type="button"
          class="toggle"
          aria-pressed={query.cited === "never"}
          data-testid="never-cited"
          onClick={() => filterBy(query, "cited", query.cited === "never" ? "" : "never")}
        >
          Never cited <span class="number">{filters.never_cited.toLocaleString()}</span>
        </button>
        <label class="choice choice-sort">
          <span class="visually-hidden">Order</span>
          <select
            class="input input-small"
            value={sortOf(query)}
            onChange={(event) => filterBy(query, "sort", event.currentTarget.value)}
          >
            {SORTS.map((sort) => (
              <option key={sort} value={sort}>
                {SORT_WORDS[sort]}
              </option>
            ))}
          </select>
        </label>
      </div>
    </search>
  );
}

const SEARCH_AFTER_MS = 250;

function SearchBox({ query }: { query: Query }): VNode {
  const [text, setText] = useState(query.search ?? "");
  useEffect(() => {
    if (text.trim() === (query.search ?? "")) return undefined;
    const timer = setTimeout(() => filterBy(query, "search", text.trim()), SEARCH_AFTER_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <input
      type="search"
      class="input"
      aria-label="Search in titles and texts"
      placeholder="Search in titles and texts"
      data-testid="article-search"
      value={text}
      onInput={(event) => setText(event.currentTarget.value)}
    />
  );
}

interface ChoiceProps {
  name: Filter;
  words: string;
  all: Counted[];
  query: Query;
}

/** A filter with one value filters nothing, so it is not offered, unless it is set. */
function Choice({ name, words, all, query }: ChoiceProps): VNode | null {
  const value = query[name] ?? "";
  if (all.length < 2 && !value) return null;
  return (
    <label class="choice">
      <span class="visually-hidden">{words}</span>
      <select
        class="input input-small"
        value={value}
        data-testid={`filter-${name}`}
        onChange={(event) => filterBy(query, name, event.currentTarget.value)}
      >
        <option value="">{words}: all</option>
        {all.map((each) => (
          <option key={each.value} value={each.value}>
            {`${each.words} (${each.count.toLocaleString()})`}
          </option>
        ))}
      </select>
    </label>
  );
}

function Rows({ page, query }: { page: ArticlePage; query: Query }): VNode {
  if (page.total === 0) return isFiltered(query) ? <NothingFits /> : <NoArticles />;
  return (
    <>
      <p class="quiet" role="status">
        {plural(page.total, "article")}
      </p>
      <ul class="article-rows">
        {page.articles.map((row) => (
          <Row key={row.id} row={row} />
        ))}
      </ul>
      {hasMore(page) && (
        <p class="rows-more">
          <button
            type="button"
            class="button"
            disabled={loadingMore.value}
            onClick={() => void moreArticles()}
          >
            {loadingMore.value
              ? "Loading…"
              : `Show more (${(page.total - page.articles.length).toLocaleString()} left)`}
          </button>
        </p>
      )}
    </>
  );
}

function Row({ row }: { row: ArticleRow }): VNode {
  const helpful = helpfulWords(row);
  const limited = row.audience.signed_in || row.audience.segments.length > 0;
  return (
    <li class="article-row" data-testid="article-row">
      <Link to={at("articles", {}, row.id)} class="article-title">
        {row.title}
      </Link>
      <span class="article-facts">
        <StateChip state={row.state} />
        {limited && <span class="chip">{audienceWords(row.audience)}</span>}
        {row.language && <span class="chip">{row.language}</span>}
        <span class="article-source">{row.source.name}</span>
        {row.updated_at && (
          <span class="article-age">
            updated <When at={row.updated_at} />
          </span>
        )}
      </span>
      <span class={row.times_cited === 0 ? "article-use article-unused" : "article-use"}>
        {citedWords(row)}
        {helpful && <small>{helpful}</small>}
      </span>
    </li>
  );
}

function NothingFits(): VNode {
  return (
    <Empty icon="articles" title="No article fits.">
      <p>Try other words, or take away a filter.</p>
      <div class="empty-actions">
        <Link to={at("articles")} class="button">
          Show all articles
        </Link>
      </div>
    </Empty>
  );
}

function NoArticles(): VNode {
  return (
    <Empty icon="articles" title="No articles yet.">
      <p>The AI agent answers from articles only. Bring in your help center, or write one here.</p>
      <div class="empty-actions">
        <Link to={at("sources", { add: "1" })} class="button button-primary">
          Add a source
        </Link>
        <Link to={at("write")} class="button">
          Write an article
        </Link>
      </div>
    </Empty>
  );
}
