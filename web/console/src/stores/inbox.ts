/** The live inbox: one stream for counts, queue, mine and people; the other lists are fetched and kept fresh. */

import type { KnownTag } from "@baton/shared/desk";
import { openStream, type Stream, type StreamState } from "@baton/shared/sse";
import type { Inbox, InboxView, Summary } from "@baton/shared/types";
import { computed, effect, signal } from "@preact/signals";
import { arrivals, customerName, mergePages, pageTitle, streamedList } from "../state/inbox.ts";
import { pageOf } from "../state/knowledge/route.ts";
import { PAGE_WORDS } from "../state/knowledge/words.ts";
import { reasonWords } from "../words.ts";
import { announce } from "./page.ts";
import { place } from "./place.ts";
import { api, deskApi, wordsOf } from "./session.ts";
import { chime } from "./settings.ts";

interface Fetched {
  rows: Summary[];
  cursor: string | null;
  problem: string | null;
}

export const inbox = signal<Inbox | null>(null);
export const inboxState = signal<StreamState>("connecting");
/** Only conversations with this tag are listed; null is all. */
export const tagFilter = signal<string | null>(null);
/** The tags there are, the most used first. */
export const knownTags = signal<KnownTag[]>([]);
/** By view and tag. */
const fetched = signal<Record<string, Fetched>>({});

const keyOf = (view: InboxView, tag: string | null): string => `${view}/${tag ?? ""}`;

export async function loadTags(): Promise<void> {
  // Without them there is nothing to suggest or choose from, and everything else works.
  knownTags.value = await deskApi.tags().catch(() => knownTags.peek());
}

/** The rows of the list on screen; null while they are on their way. */
export const rows = computed<Summary[] | null>(() => {
  const { view } = place.value;
  const tag = tagFilter.value;
  const streamed = tag === null ? streamedList(inbox.value, view) : null;
  return streamed ?? fetched.value[keyOf(view, tag)]?.rows ?? null;
});

const list = computed(() => fetched.value[keyOf(place.value.view, tagFilter.value)]);
export const listProblem = computed(() => list.value?.problem ?? null);
export const hasMore = computed(() => Boolean(list.value?.cursor));

const isStreamed = (view: InboxView, tag: string | null): boolean =>
  tag === null && (view === "queue" || view === "mine");

/** Fetched lists follow the stream, but no faster than this: a busy desk changes many times a second. */
const REFRESH_EVERY = 1500;
let refreshing: ReturnType<typeof setTimeout> | null = null;

function refreshSoon(): void {
  if (refreshing !== null || isStreamed(place.peek().view, tagFilter.peek())) return;
  refreshing = setTimeout(() => {
    refreshing = null;
    void loadView(place.peek().view);
  }, REFRESH_EVERY);
}

export async function loadView(view: InboxView): Promise<void> {
  const tag = tagFilter.peek();
  if (isStreamed(view, tag)) return;
  const key = keyOf(view, tag);
  try {
    const page = await api.list(view, tag);
    const known = fetched.peek()[key];
    // Pages fetched by scrolling stay below; without a next page the first one is the whole list.
    const deeper = page.next_cursor !== null ? known?.rows.slice(page.conversations.length) : [];
    put(key, {
      rows: mergePages(page.conversations, deeper ?? []),
      cursor: deeper?.length ? (known?.cursor ?? null) : page.next_cursor,
      problem: null,
    });
  } catch (refusal) {
    const known = fetched.peek()[key];
    put(key, {
      rows: known?.rows ?? [],
      cursor: known?.cursor ?? null,
      problem: wordsOf(refusal),
    });
  }
}

export async function loadMore(): Promise<void> {
  const { view } = place.peek();
  const tag = tagFilter.peek();
  const key = keyOf(view, tag);
  const known = fetched.peek()[key];
  if (!known?.cursor) return;
  try {
    const page = await api.list(view, tag, known.cursor);
    const merged = mergePages(known.rows, page.conversations);
    put(key, { rows: merged, cursor: page.next_cursor, problem: null });
  } catch (refusal) {
    put(key, { ...known, problem: wordsOf(refusal) });
  }
}

function put(key: string, value: Fetched): void {
  fetched.value = { ...fetched.peek(), [key]: value };
}

function receive(next: Inbox): void {
  const fresh = arrivals(inbox.peek(), next);
  inbox.value = next;
  refreshSoon();
  const [first] = fresh;
  if (!first) return;
  chime();
  const more = fresh.length > 1 ? ` and ${fresh.length - 1} more` : "";
  const why = first.reason ? `: ${reasonWords(first.reason)}` : "";
  announce(`New in the queue: ${customerName(first.customer)}${more}${why}`);
}

/** Connects while signed in; the returned function disconnects. Being connected means being online. */
export function connectInbox(): () => void {
  const stream: Stream = openStream({
    url: api.inboxUrl(),
    headers: () => ({}),
    onEvent: (event) => {
      if (event.name === "inbox") receive(event.data as Inbox);
    },
    onState: (state) => {
      inboxState.value = state;
    },
    onRefused: (status) => {
      if (status === 401) api.signedOut();
      return status !== 401;
    },
  });
  const retry = (): void => stream.retryNow();
  window.addEventListener("online", retry);
  const stopTitle = effect(() => {
    const { knowledge } = place.value;
    document.title = pageTitle(inbox.value, knowledge && PAGE_WORDS[pageOf(knowledge)].name);
  });
  const stopLists = effect(() => {
    // The tag chosen is part of which list it is.
    void [tagFilter.value, loadView(place.value.view)];
  });
  void loadTags();
  return () => {
    stopTitle();
    stopLists();
    window.removeEventListener("online", retry);
    stream.close();
    inbox.value = null;
    fetched.value = {};
  };
}
