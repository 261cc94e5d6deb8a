/** The knowledge area's side of the HTTP contract. Failures are `Refusal`s, as everywhere in the console. */

import type {
  ArticleDetail,
  ArticlePage,
  ArticleText,
  OverlapList,
  SearchPreview,
  Source,
  SourceKinds,
  SourceReport,
  SyncState,
  Version,
  VersionDiff,
} from "@baton/shared/knowledge";
import type { Block } from "@baton/shared/types";
import type { ConsoleApi } from "./api.ts";

export interface SearchQuestion {
  question: string;
  viewer: { signed_in: boolean; segments: string[] };
}

export class KnowledgeApi {
  private readonly console: Pick<ConsoleApi, "send">;

  constructor(console: Pick<ConsoleApi, "send">) {
    this.console = console;
  }

  kinds(): Promise<SourceKinds> {
    return this.send("GET", "/kinds");
  }

  async sources(): Promise<Source[]> {
    return (await this.send<{ sources: Source[] }>("GET", "/sources")).sources;
  }

  addSource(kind: string, name: string, options: Record<string, string>): Promise<Source> {
    return this.send("POST", "/sources", { kind, name, options });
  }

  changeSource(id: string, name: string, options: Record<string, string>): Promise<Source> {
    return this.send("PUT", `/sources/${encodeURIComponent(id)}`, { name, options });
  }

  removeSource(id: string): Promise<void> {
    return this.send("DELETE", `/sources/${encodeURIComponent(id)}`);
  }

  report(id: string): Promise<SourceReport> {
    return this.send("GET", `/sources/${encodeURIComponent(id)}/report`);
  }

  sync(): Promise<SyncState> {
    return this.send("GET", "/sync");
  }

  startSync(sourceIds: string[] | null): Promise<SyncState> {
    return this.send("POST", "/sync", { source_ids: sourceIds });
  }

  stopSync(): Promise<SyncState> {
    return this.send("DELETE", "/sync");
  }

  async versions(): Promise<Version[]> {
    return (await this.send<{ versions: Version[] }>("GET", "/versions")).versions;
  }

  rollBack(number: number): Promise<Version> {
    return this.send("POST", `/versions/${number}/roll_back`, {});
  }

  diff(before: number, after: number): Promise<VersionDiff> {
    return this.send("GET", `/versions/diff?before=${before}&after=${after}`);
  }

  articles(query: string): Promise<ArticlePage> {
    return this.send("GET", `/articles?${query}`);
  }

  article(id: string): Promise<ArticleDetail> {
    return this.send("GET", article(id));
  }

  createArticle(text: ArticleText): Promise<ArticleDetail> {
    return this.send("POST", "/articles", text);
  }

  changeArticle(id: string, text: ArticleText, revision: string): Promise<ArticleDetail> {
    return this.send("PUT", article(id), { ...text, revision });
  }

  deleteArticle(id: string): Promise<void> {
    return this.send("DELETE", article(id));
  }

  setWithdrawn(id: string, withdrawn: boolean): Promise<ArticleDetail> {
    return this.send("POST", `${article(id)}/${withdrawn ? "withdraw" : "restore"}`, {});
  }

  async preview(text: string): Promise<Block[]> {
    return (await this.send<{ body: Block[] }>("POST", "/preview", { text })).body;
  }

  search(question: SearchQuestion): Promise<SearchPreview> {
    return this.send("POST", "/search", question);
  }

  overlaps(): Promise<OverlapList> {
    return this.send("GET", "/overlaps");
  }

  private send<T>(method: string, path: string, body?: object): Promise<T> {
    return this.console.send(method, `/knowledge${path}`, body);
  }
}

const article = (id: string): string => `/articles/${encodeURIComponent(id)}`;
