/** Search over everything: what is asked, what was found, and the way from a result to its message. */

import type { SearchResult, SearchResults } from "@baton/shared/types";
import { effect, signal } from "@preact/signals";
import { current } from "./current.ts";
import { go } from "./place.ts";
import { api, wordsOf } from "./session.ts";

export interface Found extends SearchResults {
  problem: string | null;
}

/** What is typed; empty while the lists are on screen. */
export const asked = signal("");
/** Null while the answer to what is asked is on its way. */
export const found = signal<Found | null>(null);

const PAUSE = 200;
let timer: ReturnType<typeof setTimeout> | undefined;
let asking = 0;

/** Asks once the typing pauses; of two answers the later question's counts. */
export function ask(words: string): void {
  asked.value = words;
  clearTimeout(timer);
  asking += 1;
  if (words.trim() === "") {
    found.value = null;
    return;
  }
  const mine = asking;
  timer = setTimeout(() => void load(words, mine), PAUSE);
}

async function load(words: string, mine: number): Promise<void> {
  try {
    const answer = await api.search(words);
    if (mine === asking) found.value = { ...answer, problem: null };
  } catch (refusal) {
    if (mine === asking)
      found.value = { results: [], next_cursor: null, problem: wordsOf(refusal) };
  }
}

export async function more(): Promise<void> {
  const [known, mine] = [found.peek(), asking];
  if (!known?.next_cursor) return;
  try {
    const next = await api.search(asked.peek(), known.next_cursor);
    if (mine !== asking) return;
    const shown = new Set(known.results.map((each) => each.conversation.id));
    const fresh = next.results.filter((each) => !shown.has(each.conversation.id));
    found.value = { ...next, results: [...known.results, ...fresh], problem: null };
  } catch (refusal) {
    if (mine === asking) found.value = { ...known, problem: wordsOf(refusal) };
  }
}

/** Opens the conversation and calls `show` with the message once it is on screen. */
export function openResult(result: SearchResult, show: (messageId: string) => void): void {
  const { conversation, message_id } = result;
  go({ conversation: conversation.id });
  if (message_id === null) return;
  const stop = effect(() => {
    const open = current.value;
    if (open?.id !== conversation.id || open.loading.value.kind !== "ready") return;
    queueMicrotask(() => stop());
    void open.reach(message_id).then((there) => {
      if (there) show(message_id);
    });
  });
}
