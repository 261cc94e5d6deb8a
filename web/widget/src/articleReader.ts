import type { Article, Citation } from "@baton/shared/types";
import { Refusal, type WidgetApi } from "./api.ts";
import type { Cell, Cells } from "./cells.ts";

export interface OpenArticle {
  citation: Citation;
  state: "loading" | "ready" | "gone" | "unreachable";
  article: Article | null;
}

/** The article a citation opened, in front of the conversation. */
export class ArticleReader {
  readonly opened: Cell<OpenArticle | null>;
  private readonly api: WidgetApi;

  constructor(cells: Cells, api: WidgetApi) {
    this.opened = cells.cell<OpenArticle | null>(null);
    this.api = api;
  }

  async open(citation: Citation): Promise<void> {
    const opening: OpenArticle = { citation, state: "loading", article: null };
    this.opened.value = opening;
    const put = (change: Partial<OpenArticle>): void => {
      // Closed, or another one opened meanwhile.
      if (this.opened.value === opening) this.opened.value = { ...opening, ...change };
    };
    try {
      put({ state: "ready", article: await this.api.article(citation.article_id) });
    } catch (error) {
      put({ state: error instanceof Refusal ? "gone" : "unreachable" });
    }
  }

  close(): void {
    this.opened.value = null;
  }
}
