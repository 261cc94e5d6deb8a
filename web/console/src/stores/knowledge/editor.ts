/** An article being written or changed: form, preview, unsaved changes, saving. */

import type { ArticleDetail } from "@baton/shared/knowledge";
import type { Block } from "@baton/shared/types";
import { computed, signal } from "@preact/signals";
import { Refusal } from "../../api.ts";
import type { KnowledgeApi } from "../../knowledgeApi.ts";
import type { DraftStorage } from "../../state/drafts.ts";
import {
  type ArticleForm,
  bodyOf,
  EMPTY_FORM,
  formOf,
  problemsOf,
  readChanges,
  sameForm,
  writeChanges,
} from "../../state/knowledge/editing.ts";
import { wordsOf } from "../session.ts";

export type EditorApi = Pick<
  KnowledgeApi,
  "createArticle" | "changeArticle" | "article" | "preview"
>;

const PREVIEW_AFTER_MS = 250;

export class Editor {
  readonly form;
  readonly saving = signal(false);
  readonly notice = signal<string | null>(null);
  /** Somebody else changed the article since these changes were begun. */
  readonly stale;
  readonly preview = signal<Block[]>([]);
  /** Problems are shown once saving was tried, and follow the form from then on. */
  readonly tried = signal(false);
  readonly problems = computed(() => (this.tried.value ? problemsOf(this.form.value) : {}));
  readonly changed = computed(() => !sameForm(this.form.value, this.saved));
  /** Changes of an earlier visit are in the form. */
  readonly resumed;

  private readonly article: ArticleDetail | null;
  private readonly api: EditorApi;
  private readonly storage: DraftStorage;
  private readonly saved: ArticleForm;
  private revision: string | null;
  private previewing: ReturnType<typeof setTimeout> | undefined;
  private previewed = 0;

  constructor(article: ArticleDetail | null, api: EditorApi, storage: DraftStorage) {
    this.article = article;
    this.api = api;
    this.storage = storage;
    this.saved = article ? formOf(article) : EMPTY_FORM;
    const kept = readChanges(storage, article?.id ?? null);
    this.form = signal<ArticleForm>(kept?.form ?? this.saved);
    this.resumed = signal(kept !== null && !sameForm(kept.form, this.saved));
    this.revision = kept?.revision ?? article?.revision ?? null;
    this.stale = signal(this.revision !== (article?.revision ?? null));
    void this.renderPreview();
  }

  set<K extends keyof ArticleForm>(field: K, value: ArticleForm[K]): void {
    this.form.value = { ...this.form.peek(), [field]: value };
    this.keep();
    if (field !== "text") return;
    clearTimeout(this.previewing);
    this.previewing = setTimeout(() => void this.renderPreview(), PREVIEW_AFTER_MS);
  }

  discard(): void {
    writeChanges(this.storage, this.article?.id ?? null, null);
    this.form.value = this.saved;
    this.revision = this.article?.revision ?? null;
    this.resumed.value = false;
    this.stale.value = false;
    this.notice.value = null;
    this.tried.value = false;
    void this.renderPreview();
  }

  /** The article as saved, or null where it could not be: `notice` or `problems` say why. */
  async save(): Promise<ArticleDetail | null> {
    this.tried.value = true;
    this.notice.value = null;
    if (Object.keys(problemsOf(this.form.peek())).length > 0 || this.saving.peek()) return null;
    this.saving.value = true;
    try {
      const saved = await this.send();
      writeChanges(this.storage, this.article?.id ?? null, null);
      return saved;
    } catch (refusal) {
      this.stale.value = refusal instanceof Refusal && refusal.code === "stale_article";
      this.notice.value = wordsOf(refusal);
      return null;
    } finally {
      this.saving.value = false;
    }
  }

  /** Saves over what somebody else changed meanwhile, which the person has been told. */
  async saveOver(): Promise<ArticleDetail | null> {
    if (!this.article) return null;
    try {
      this.revision = (await this.api.article(this.article.id)).revision;
    } catch (refusal) {
      this.notice.value = wordsOf(refusal);
      return null;
    }
    this.stale.value = false;
    return this.save();
  }

  close(): void {
    clearTimeout(this.previewing);
  }

  private send(): Promise<ArticleDetail> {
    const body = bodyOf(this.form.peek());
    if (!this.article) return this.api.createArticle(body);
    return this.api.changeArticle(this.article.id, body, this.revision ?? "");
  }

  private keep(): void {
    const kept = this.changed.peek() ? { form: this.form.peek(), revision: this.revision } : null;
    writeChanges(this.storage, this.article?.id ?? null, kept);
  }

  private async renderPreview(): Promise<void> {
    const mine = ++this.previewed;
    try {
      const body = await this.api.preview(this.form.peek().text);
      if (mine === this.previewed) this.preview.value = body;
    } catch {
      // The last preview stays; saving says what is wrong.
    }
  }
}
