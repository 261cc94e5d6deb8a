import type { ComponentChildren, VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { type KnowledgePlace, pageOf } from "../../state/knowledge/route.ts";
import { PAGE_WORDS } from "../../state/knowledge/words.ts";
import { sync } from "../../stores/knowledge/knowledge.ts";
import { railOpen } from "../../stores/page.ts";
import { hasMoved } from "../../stores/place.ts";
import { Icon } from "../icons.tsx";
import { ArticlePage, WritePage } from "./article.tsx";
import { ArticlesPage } from "./articles.tsx";
import { OverlapsPage } from "./overlaps.tsx";
import { SearchPage } from "./searchPage.tsx";
import { SourcesPage } from "./sources.tsx";
import { VersionsPage } from "./versions.tsx";

export function KnowledgeArea({ place }: { place: KnowledgePlace }): VNode {
  useEffect(() => sync.watch(), []);
  const where = `${place.page}/${place.article ?? ""}`;
  return (
    <section class="knowledge" aria-label="Knowledge" key={where}>
      <Shown place={place} />
    </section>
  );
}

function Shown({ place }: { place: KnowledgePlace }): VNode {
  switch (place.page) {
    case "sources":
      return <SourcesPage query={place.query} />;
    case "articles":
      if (place.article) return <ArticlePage id={place.article} query={place.query} />;
      return <ArticlesPage query={place.query} />;
    case "write":
      return <WritePage />;
    case "search":
      return <SearchPage query={place.query} />;
    case "versions":
      return <VersionsPage query={place.query} />;
    default:
      return <OverlapsPage />;
  }
}

interface PageProps {
  place: KnowledgePlace["page"];
  /** Instead of the page's own name. */
  title?: string;
  lead?: ComponentChildren;
  /** Above the title: the way back. */
  above?: ComponentChildren;
  actions?: ComponentChildren;
  children: ComponentChildren;
}

export function Page({ place, title, lead, above, actions, children }: PageProps): VNode {
  const heading = useRef<HTMLHeadingElement>(null);
  const words = PAGE_WORDS[pageOf({ page: place, article: null, query: {} })];
  useEffect(() => {
    // Whoever came by a link hears the new page's name; a freshly loaded page keeps its focus.
    if (hasMoved()) heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <>
      <header class="page-head">
        <button
          type="button"
          class="icon-button only-narrow"
          aria-label="Views and team"
          data-testid="menu"
          onClick={() => {
            railOpen.value = true;
          }}
        >
          <Icon name="menu" />
        </button>
        <div class="page-title">
          {above}
          <h1 ref={heading} tabIndex={-1}>
            {title ?? words.name}
          </h1>
          <p>{lead ?? words.lead}</p>
        </div>
        {actions && <div class="page-actions">{actions}</div>}
      </header>
      {children}
    </>
  );
}
