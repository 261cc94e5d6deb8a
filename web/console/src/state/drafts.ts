/** Unsent text, kept per conversation and tab, so that switching or reloading loses nothing. */

export type Tab = "reply" | "note";

const PREFIX = "baton.console.draft.";

/** The part of `Storage` that drafts need; a full or forbidden storage must not break typing. */
export type DraftStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

const keyOf = (conversation: string, tab: Tab): string => `${PREFIX}${conversation}.${tab}`;

export function readDraft(storage: DraftStorage, conversation: string, tab: Tab): string {
  try {
    return storage.getItem(keyOf(conversation, tab)) ?? "";
  } catch {
    return "";
  }
}

export function writeDraft(
  storage: DraftStorage,
  conversation: string,
  tab: Tab,
  text: string,
): void {
  try {
    if (text.trim()) storage.setItem(keyOf(conversation, tab), text);
    else storage.removeItem(keyOf(conversation, tab));
  } catch {
    // A full storage costs the draft after a reload, not the text on screen.
  }
}

/** Drafts hold what customers said and cases about them: they leave the machine with the person. */
export function forgetDrafts(storage: Storage): void {
  for (const key of Object.keys(storage)) if (key.startsWith(PREFIX)) storage.removeItem(key);
}
