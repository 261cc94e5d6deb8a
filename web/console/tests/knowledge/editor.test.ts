import type { ArticleText } from "@baton/shared/knowledge";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { Refusal } from "../../src/api.ts";
import type { DraftStorage } from "../../src/state/drafts.ts";
import {
  bodyOf,
  EMPTY_FORM,
  formOf,
  localInstant,
  problemsOf,
  readChanges,
  settingsWords,
  utcInstant,
} from "../../src/state/knowledge/editing.ts";
import { detail } from "./fixtures.ts";

vi.stubGlobal("location", { pathname: "/console/", search: "" });
vi.stubGlobal("window", { addEventListener: () => undefined });
const { Editor } = await import("../../src/stores/knowledge/editor.ts");
type EditorApi = import("../../src/stores/knowledge/editor.ts").EditorApi;

const kept = new Map<string, string>();
const storage: DraftStorage = {
  getItem: (key) => kept.get(key) ?? null,
  setItem: (key, value) => void kept.set(key, value),
  removeItem: (key) => void kept.delete(key),
};

const STALE = new Refusal(409, "stale_article", "Somebody changed this article first.");

/** Saves whatever is newest, as the service does. */
class FakeApi implements EditorApi {
  saved: ArticleText[] = [];
  revision = "r1";

  createArticle(text: ArticleText) {
    this.saved.push(text);
    return Promise.resolve(detail({ title: text.title, text: text.text }));
  }

  changeArticle(_: string, text: ArticleText, revision: string) {
    if (revision !== this.revision) return Promise.reject(STALE);
    this.saved.push(text);
    return Promise.resolve(detail({ title: text.title, text: text.text, revision: "r9" }));
  }

  article() {
    return Promise.resolve(detail({ revision: this.revision }));
  }

  preview() {
    return Promise.resolve([]);
  }
}

let api: FakeApi;
beforeEach(() => {
  kept.clear();
  api = new FakeApi();
});

describe("the form", () => {
  it("holds an article and gives the same one back", () => {
    const article = detail({
      audience: { signed_in: true, segments: ["gold", "beta"] },
      expires_at: "2027-01-31T10:30:00.000Z",
    });
    expect(bodyOf(formOf(article))).toEqual({
      title: "Returns",
      text: "Within 45 days.",
      language: "en",
      audience: { signed_in: true, segments: ["gold", "beta"] },
      status: "published",
      effective_at: null,
      expires_at: "2027-01-31T10:30:00.000Z",
    });
  });

  it("says what is missing or cannot be", () => {
    expect(problemsOf(EMPTY_FORM)).toEqual({
      title: "Give the article a title.",
      text: "Write something first.",
    });
    const odd = {
      ...formOf(detail()),
      language: "english!",
      readers: "segments" as const,
      segments: "two words",
      effective: "2026-05-02T10:00",
      expires: "2026-05-01T10:00",
    };
    expect(Object.keys(problemsOf(odd)).sort()).toEqual(["expires", "language", "segments"]);
    expect(problemsOf({ ...odd, segments: " " }).segments).toBe("Name at least one segment.");
  });

  it("sums its settings up in one line", () => {
    expect(settingsWords(EMPTY_FORM)).toBe("Published · Everyone");
    const gold = { ...EMPTY_FORM, readers: "segments" as const, segments: "gold", language: "de" };
    expect(settingsWords({ ...gold, status: "draft" })).toBe("Draft · gold · de");
    expect(settingsWords({ ...EMPTY_FORM, expires: "2027-01-31T10:00" })).toMatch(/until .*2027/);
  });

  it("reads instants in local time and writes them in UTC", () => {
    expect(utcInstant(localInstant("2026-05-01T10:00:00.000Z"))).toBe("2026-05-01T10:00:00.000Z");
    expect(utcInstant("")).toBeNull();
    expect(localInstant("nonsense")).toBe("");
  });
});

describe("the editor", () => {
  it("keeps unsaved changes until they are saved or discarded", async () => {
    const first = new Editor(detail(), api, storage);
    first.set("text", "Within 30 days.");
    const second = new Editor(detail(), api, storage);
    expect(second.form.value.text).toBe("Within 30 days.");
    expect(second.resumed.value).toBe(true);
    expect(second.stale.value).toBe(false);
    expect((await second.save())?.revision).toBe("r9");
    expect(readChanges(storage, "returns")).toBeNull();
    expect(new Editor(detail(), api, storage).resumed.value).toBe(false);
  });

  it("forgets changes that were taken back", () => {
    const editor = new Editor(detail(), api, storage);
    editor.set("text", "x");
    expect(editor.changed.value).toBe(true);
    editor.set("text", "Within 45 days.");
    expect(editor.changed.value).toBe(false);
    expect(kept.size).toBe(0);
    editor.set("text", "y");
    editor.discard();
    expect(editor.form.value.text).toBe("Within 45 days.");
    expect(kept.size).toBe(0);
  });

  it("shows problems only once saving was tried, and saves nothing then", async () => {
    const editor = new Editor(null, api, storage);
    expect(editor.problems.value).toEqual({});
    expect(await editor.save()).toBeNull();
    expect(Object.keys(editor.problems.value)).toEqual(["title", "text"]);
    editor.set("title", "Kayaks");
    editor.set("text", "We do not rent them.");
    expect((await editor.save())?.title).toBe("Kayaks");
    expect(api.saved).toHaveLength(1);
  });

  it("does not save over somebody else's change unless told to", async () => {
    const editor = new Editor(detail(), api, storage);
    editor.set("text", "mine");
    api.revision = "r2";
    expect(await editor.save()).toBeNull();
    expect(editor.stale.value).toBe(true);
    expect(editor.notice.value).toBe(STALE.message);
    expect(editor.form.value.text).toBe("mine");
    expect((await editor.saveOver())?.text).toBe("mine");
  });

  it("tells that the article changed since the kept changes were begun", () => {
    new Editor(detail(), api, storage).set("text", "mine");
    const later = new Editor(detail({ revision: "r2", text: "theirs" }), api, storage);
    expect(later.stale.value).toBe(true);
    expect(later.form.value.text).toBe("mine");
  });
});
