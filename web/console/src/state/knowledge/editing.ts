/** An article being edited: its form, what is wrong with it, and where unsaved changes are kept. */

import type { ArticleDetail, ArticleText, Audience } from "@baton/shared/knowledge";
import type { DraftStorage } from "../drafts.ts";
import { segmentsOf } from "./explain.ts";

export type Readers = "everyone" | "signed_in" | "segments";

/** As the form's fields hold it: text everywhere, instants in local time. */
export interface ArticleForm {
  title: string;
  text: string;
  language: string;
  readers: Readers;
  segments: string;
  status: "published" | "draft";
  effective: string;
  expires: string;
}

export const EMPTY_FORM: ArticleForm = {
  title: "",
  text: "",
  language: "",
  readers: "everyone",
  segments: "",
  status: "published",
  effective: "",
  expires: "",
};

export function formOf(article: ArticleDetail): ArticleForm {
  return {
    title: article.title,
    text: article.text,
    language: article.language ?? "",
    readers: readersOf(article.audience),
    segments: article.audience.segments.join(", "),
    status: article.state === "draft" ? "draft" : "published",
    effective: localInstant(article.effective_at),
    expires: localInstant(article.expires_at),
  };
}

function readersOf(audience: Audience): Readers {
  if (audience.segments.length > 0) return "segments";
  return audience.signed_in ? "signed_in" : "everyone";
}

export function bodyOf(form: ArticleForm): ArticleText {
  const segments = form.readers === "segments" ? segmentsOf(form.segments) : [];
  return {
    title: form.title.trim(),
    text: form.text,
    language: form.language.trim() || null,
    audience: { signed_in: form.readers !== "everyone", segments },
    status: form.status,
    effective_at: utcInstant(form.effective),
    expires_at: utcInstant(form.expires),
  };
}

export const READERS_WORDS: Record<Readers, string> = {
  everyone: "Everyone",
  signed_in: "Customers who signed in",
  segments: "Customers in segments…",
};

/** The settings in one line: "Published · Everyone · en · until 1/31/2027, 10:00 AM". */
export function settingsWords(form: ArticleForm): string {
  const readers =
    form.readers === "segments" ? form.segments || "no segment yet" : READERS_WORDS[form.readers];
  return [
    form.status === "draft" ? "Draft" : "Published",
    readers,
    form.language.trim(),
    form.effective && `from ${day(form.effective)}`,
    form.expires && `until ${day(form.expires)}`,
  ]
    .filter(Boolean)
    .join(" · ");
}

const day = (local: string): string =>
  new Date(local).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

/** By field, in words; empty where it can be saved. */
export function problemsOf(form: ArticleForm): Partial<Record<keyof ArticleForm, string>> {
  const problems: Partial<Record<keyof ArticleForm, string>> = {};
  if (!form.title.trim()) problems.title = "Give the article a title.";
  if (!form.text.trim()) problems.text = "Write something first.";
  if (form.language.trim() && !/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/.test(form.language.trim()))
    problems.language = "Use a language tag, like en or de-AT.";
  if (form.readers === "segments") {
    const segments = segmentsOf(form.segments);
    if (segments.length === 0) problems.segments = "Name at least one segment.";
    else if (!segments.every((each) => /^[\p{L}\p{N}_.-]{1,64}$/u.test(each)))
      problems.segments = "Segments are single words; letters, digits, dots and hyphens.";
  }
  if (form.effective && form.expires && form.effective >= form.expires)
    problems.expires = "This is before the article comes into force.";
  return problems;
}

/** For a `datetime-local` field. */
export function localInstant(iso: string | null): string {
  if (!iso) return "";
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "";
  const two = (n: number): string => String(n).padStart(2, "0");
  const day = `${String(at.getFullYear()).padStart(4, "0")}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

export function utcInstant(local: string): string | null {
  const at = new Date(local);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}

/** Changes that were not saved, kept on this machine; `revision` is of the article they were made to. */
export interface KeptChanges {
  form: ArticleForm;
  revision: string | null;
}

/** With the drafts of replies, so that they leave the machine with the person. */
const keyOf = (article: string | null): string => `baton.console.draft.article.${article ?? ""}`;

export function readChanges(storage: DraftStorage, article: string | null): KeptChanges | null {
  try {
    const kept = JSON.parse(storage.getItem(keyOf(article)) ?? "null") as KeptChanges | null;
    return kept ? { ...kept, form: { ...EMPTY_FORM, ...kept.form } } : null;
  } catch {
    return null;
  }
}

export function writeChanges(
  storage: DraftStorage,
  article: string | null,
  kept: KeptChanges | null,
): void {
  try {
    if (kept) storage.setItem(keyOf(article), JSON.stringify(kept));
    else storage.removeItem(keyOf(article));
  } catch {
    // A full storage costs the changes after a reload, not the text on screen.
  }
}

export function sameForm(a: ArticleForm, b: ArticleForm): boolean {
  return (Object.keys(EMPTY_FORM) as (keyof ArticleForm)[]).every((key) => a[key] === b[key]);
}
