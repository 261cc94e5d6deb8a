import { isSafeHref, RichText } from "@baton/shared/richText";
import { relativeTime } from "@baton/shared/time";
import type { VNode } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { OpenArticle } from "../articleReader.ts";
import type { Chat } from "../chat.ts";
import { highlightQuote } from "../quote.ts";
import { BackIcon, OutIcon } from "./icons.tsx";

export function ArticleView({ chat, opened }: { chat: Chat; opened: OpenArticle }): VNode {
  const { citation, article, state } = opened;
  const page = useRef<HTMLElement>(null);
  const body = useMemo(
    () => (article ? highlightQuote(article.body, citation.quote) : []),
    [article, citation],
  );

  useEffect(() => {
    // Back to what was pressed: the chip in the message, if it is still there.
    const root = page.current?.getRootNode() as ShadowRoot | undefined;
    const before = root?.activeElement as HTMLElement | null | undefined;
    page.current?.querySelector<HTMLElement>("button")?.focus();
    return () => before?.focus();
  }, []);

  useEffect(() => {
    if (article) page.current?.querySelector("mark")?.scrollIntoView({ block: "center" });
  }, [article]);

  const url = article?.url ?? citation.url;
  return (
    <section
      ref={page}
      class="article"
      aria-label={`Article: ${citation.title}`}
      data-testid="article-view"
    >
      <header class="header">
        <button
          type="button"
          class="icon-button"
          aria-label="Back to the conversation"
          data-testid="article-back"
          onClick={() => chat.reader.close()}
        >
          <BackIcon />
        </button>
        <p class="article-kicker">Help article</p>
      </header>
      <div class="article-scroll">
        <h2 class="article-title">{article?.title ?? citation.title}</h2>
        {article?.updated_at && <p class="quiet">Updated {relativeTime(article.updated_at)}</p>}
        {state === "loading" && <p class="quiet">Loading…</p>}
        {state === "unreachable" && (
          <p class="quiet">
            The article could not be loaded.{" "}
            <button type="button" class="text-button" onClick={() => chat.reader.open(citation)}>
              Try again
            </button>
          </p>
        )}
        {state === "gone" && (
          <>
            <p class="quiet">This article is no longer published. The answer quoted this part:</p>
            <blockquote class="rich">{citation.quote}</blockquote>
          </>
        )}
        {article && (
          <div class="rich">
            <RichText body={body} />
          </div>
        )}
        {url && state !== "gone" && isSafeHref(url) && (
          <a class="button" href={url} target="_blank" rel="noopener noreferrer">
            Open full article <OutIcon />
          </a>
        )}
      </div>
    </section>
  );
}
