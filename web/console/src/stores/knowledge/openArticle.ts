/** One article on screen, and what is done to it at once. */

import type { ArticleDetail } from "@baton/shared/knowledge";
import { signal } from "@preact/signals";
import { Loaded } from "../loaded.ts";
import { announce } from "../page.ts";
import { knowledgeApi as api, wordsOf } from "../session.ts";

export class OpenArticle {
  readonly id: string;
  readonly article: Loaded<ArticleDetail>;
  readonly notice = signal<string | null>(null);

  constructor(id: string) {
    this.id = id;
    this.article = new Loaded(() => api.article(id));
  }

  async setWithdrawn(withdrawn: boolean): Promise<void> {
    await this.tried(async () => {
      this.article.put(await api.setWithdrawn(this.id, withdrawn));
      announce(withdrawn ? "Hidden from every answer." : "Restored.");
    });
  }

  /** True once it is gone. */
  delete(): Promise<boolean> {
    return this.tried(() => api.deleteArticle(this.id));
  }

  private async tried(act: () => Promise<void>): Promise<boolean> {
    this.notice.value = null;
    try {
      await act();
      return true;
    } catch (refusal) {
      this.notice.value = wordsOf(refusal);
      return false;
    }
  }
}
