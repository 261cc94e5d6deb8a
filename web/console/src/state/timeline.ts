/**
 * What a conversation shows, as a value: entries by sequence number, unsent messages, traces.
 * In: the opening answer, older pages, events in any overlap, sends and their outcomes. Out: a new value.
 * It never asks the network and never reads the clock.
 */

import type {
  ConsoleConversation,
  ConsoleMessagePage,
  Conversation,
  CustomerIdentified,
  CustomerVerified,
  Message,
  MessagePosted,
  Rating,
  RatingEvent,
  Routed,
  SlaTold,
  StatusChanged,
  TagsChanged,
  Trace,
  TurnFinished,
  Visibility,
} from "@baton/shared/types";

export type Entry =
  | { kind: "message"; seq: number; episode: number; at: string; message: Message }
  | { kind: "transition"; seq: number; episode: number; at: string; change: StatusChanged }
  | { kind: "verified"; seq: number; episode: number; at: string }
  | { kind: "identified"; seq: number; episode: number; at: string; name: string | null }
  | { kind: "routed"; seq: number; episode: number; at: string; routed: Routed }
  | { kind: "sla"; seq: number; episode: number; at: string; breached: boolean; told: SlaTold }
  | { kind: "rating"; seq: number; episode: number; at: string; rating: Rating }
  | { kind: "tags"; seq: number; episode: number; at: string; tags: TagsChanged }
  | { kind: "turn"; seq: number; episode: number; at: string; turnId: string };

/** A message on its way: shown at once, kept with its text when it failed. */
export interface Pending {
  clientId: string;
  text: string;
  visibility: Visibility;
  at: string;
  /** Why it failed, in plain words; null while sending. */
  problem: string | null;
  /** It waits a moment before it leaves, and can be taken back. */
  held: boolean;
}

export interface Timeline {
  conversation: Conversation;
  tags: string[];
  entries: Entry[];
  pending: Pending[];
  olderCursor: number | null;
  traces: Record<string, Trace>;
  /** Newest sequence number whose effect `conversation` already holds. */
  appliedSeq: number;
}

export interface DurableEvent {
  name: string;
  seq: number;
  data: unknown;
}

export function openTimeline(answer: ConsoleConversation): Timeline {
  return {
    conversation: answer.conversation,
    tags: answer.tags,
    entries: answer.messages.map(messageEntry),
    pending: [],
    olderCursor: answer.older_cursor,
    traces: answer.traces,
    appliedSeq: answer.last_seq,
  };
}

/** Events from here on complete the opening page: moves between its messages are not in the answer. */
export function historyStart(timeline: Timeline): number {
  if (timeline.olderCursor === null) return 0;
  return Math.max(0, (timeline.entries[0]?.seq ?? 1) - 1);
}

/** A fresh opening answer for a conversation already on screen: unsent messages stay. */
export function refreshTimeline(timeline: Timeline, answer: ConsoleConversation): Timeline {
  const refreshed = openTimeline(answer);
  let merged: Timeline = { ...timeline, traces: { ...timeline.traces, ...answer.traces } };
  for (const entry of refreshed.entries) merged = insert(merged, entry);
  if (answer.last_seq < timeline.appliedSeq) return merged;
  const { conversation, tags, last_seq: appliedSeq } = answer;
  return { ...merged, conversation, tags, appliedSeq };
}

export function prependPage(timeline: Timeline, page: ConsoleMessagePage): Timeline {
  const traces = { ...page.traces, ...timeline.traces };
  let next: Timeline = { ...timeline, traces, olderCursor: page.older_cursor };
  for (const message of page.messages) next = insert(next, messageEntry(message));
  for (const { kind: name, seq, data } of page.events) next = withEntry(next, { name, seq, data });
  return next;
}

/** Applies one durable event. Seen before, or older than the opening answer, it only fills in history. */
export function applyEvent(timeline: Timeline, event: DurableEvent): Timeline {
  const isNew = event.seq > timeline.appliedSeq;
  const next = withEntry(timeline, event);
  if (!isNew) return next;
  const tags = event.name === "tags_changed" ? (event.data as TagsChanged).tags : next.tags;
  return { ...next, tags, conversation: advanced(next.conversation, event), appliedSeq: event.seq };
}

/** The server's answer to a send. The stream brings the same message too: whichever is first wins. */
export function confirmSend(timeline: Timeline, message: Message): Timeline {
  return insert(timeline, messageEntry(message));
}

export function addPending(timeline: Timeline, pending: Pending): Timeline {
  const others = timeline.pending.filter((each) => each.clientId !== pending.clientId);
  return { ...timeline, pending: [...others, pending] };
}

export function settlePending(
  timeline: Timeline,
  clientId: string,
  problem: string | null,
): Timeline {
  const mark = (each: Pending): Pending =>
    each.clientId === clientId ? { ...each, problem } : each;
  return { ...timeline, pending: timeline.pending.map(mark) };
}

export function letGo(timeline: Timeline, clientId: string): Timeline {
  const mark = (each: Pending): Pending =>
    each.clientId === clientId ? { ...each, held: false } : each;
  return { ...timeline, pending: timeline.pending.map(mark) };
}

export function dropPending(timeline: Timeline, clientId: string): Timeline {
  const pending = timeline.pending.filter((each) => each.clientId !== clientId);
  return { ...timeline, pending };
}

/** Takes over the state that an action's answer carries, unless the stream is already further. */
export function adoptConversation(timeline: Timeline, conversation: Conversation): Timeline {
  if (conversation.owner_epoch < timeline.conversation.owner_epoch) return timeline;
  return { ...timeline, conversation };
}

function messageEntry(message: Message): Entry {
  const { seq, episode, created_at: at } = message;
  return { kind: "message", seq, episode, at, message };
}

function withEntry(timeline: Timeline, event: DurableEvent): Timeline {
  const { seq } = event;
  switch (event.name) {
    case "message_posted":
    case "message_changed":
      return withMessage(timeline, (event.data as MessagePosted).message);
    case "status_changed": {
      const change = event.data as StatusChanged;
      return insert(timeline, {
        kind: "transition",
        seq,
        episode: change.episode,
        at: change.at,
        change,
      });
    }
    case "customer_verified": {
      const { at } = event.data as CustomerVerified;
      return insert(timeline, { kind: "verified", seq, episode: episodeAt(timeline, seq), at });
    }
    case "customer_identified": {
      const { display_name: name, at } = event.data as CustomerIdentified;
      return insert(timeline, {
        kind: "identified",
        seq,
        episode: episodeAt(timeline, seq),
        at,
        name,
      });
    }
    case "routed": {
      const routed = event.data as Routed;
      const episode = episodeAt(timeline, seq);
      return insert(timeline, { kind: "routed", seq, episode, at: routed.at, routed });
    }
    case "sla_warning":
    case "sla_breached": {
      const told = event.data as SlaTold;
      const breached = event.name === "sla_breached";
      const episode = episodeAt(timeline, seq);
      return insert(timeline, { kind: "sla", seq, episode, at: told.at, breached, told });
    }
    case "rating_asked":
    case "rating_given": {
      const { rating, at } = event.data as RatingEvent;
      return insert(timeline, { kind: "rating", seq, episode: rating.episode, at, rating });
    }
    case "tags_changed": {
      const tags = event.data as TagsChanged;
      return insert(timeline, {
        kind: "tags",
        seq,
        episode: episodeAt(timeline, seq),
        at: tags.at,
        tags,
      });
    }
    case "turn_finished":
      return withTurn(timeline, seq, event.data as TurnFinished);
    default:
      return timeline;
  }
}

/** A message known already takes on its newest text: a reply grows while it is written. */
function withMessage(timeline: Timeline, message: Message): Timeline {
  const entry = messageEntry(message);
  const known = timeline.entries.findIndex((each) => each.seq === entry.seq);
  if (known === -1) return insert(timeline, entry);
  return { ...timeline, entries: timeline.entries.with(known, entry) };
}

/** A turn that ended in a handoff without a word still has a "why": it gets a line of its own. */
function withTurn(timeline: Timeline, seq: number, turn: TurnFinished): Timeline {
  // A replayed event without its trace must not wipe out the one of the opening answer.
  const traces = turn.trace ? { ...timeline.traces, [turn.turn_id]: turn.trace } : timeline.traces;
  const next = { ...timeline, traces };
  const spoken = timeline.entries.some(
    (entry) => entry.kind === "message" && entry.message.turn_id === turn.turn_id,
  );
  if (spoken || turn.state === "answered") return next;
  const before = timeline.entries.findLast((entry) => entry.seq < seq);
  const at = before?.at ?? timeline.conversation.updated_at;
  const place = { episode: episodeAt(timeline, seq), at };
  return insert(next, { kind: "turn", seq, ...place, turnId: turn.turn_id });
}

/** The episode that a line without one of its own belongs to. */
function episodeAt({ entries, conversation }: Timeline, seq: number): number {
  const near = entries.findLast((entry) => entry.seq < seq) ?? entries[0];
  return near?.episode ?? conversation.episode;
}

function insert(timeline: Timeline, entry: Entry): Timeline {
  const { entries } = timeline;
  const pending = settledBy(timeline.pending, entry);
  const at = entries.findLastIndex((each) => each.seq <= entry.seq);
  if (entries[at]?.seq === entry.seq) return { ...timeline, pending };
  const kept = entry.kind === "message" ? withoutSilentTurn(entries, entry.message) : entries;
  const place = kept.findLastIndex((each) => each.seq < entry.seq) + 1;
  return { ...timeline, pending, entries: kept.toSpliced(place, 0, entry) };
}

/** The message of a turn may arrive after its end: then the turn was not silent. */
function withoutSilentTurn(entries: Entry[], message: Message): Entry[] {
  if (message.turn_id === null) return entries;
  return entries.filter((each) => each.kind !== "turn" || each.turnId !== message.turn_id);
}

function settledBy(pending: Pending[], entry: Entry): Pending[] {
  if (entry.kind !== "message" || pending.length === 0) return pending;
  return pending.filter((each) => each.clientId !== entry.message.client_message_id);
}

function advanced(conversation: Conversation, event: DurableEvent): Conversation {
  const base = { ...conversation, last_seq: event.seq };
  if (event.name === "status_changed") {
    const { to, owner_epoch, episode, assignee, at, until } = event.data as StatusChanged;
    const queued_at = to === "queued" ? (conversation.queued_at ?? at) : null;
    const snoozed_until = until ?? null;
    const moved = { status: to, owner_epoch, episode, assignee, queued_at, snoozed_until };
    return { ...base, ...moved, updated_at: at };
  }
  if (event.name === "customer_identified") {
    const { display_name } = event.data as CustomerIdentified;
    const assurance = "signed" as const;
    return { ...base, customer: { ...base.customer, display_name, verified: true, assurance } };
  }
  if (event.name === "customer_verified") {
    const { verified_until } = event.data as CustomerVerified;
    const proven = { verified: true, assurance: "verified" as const, verified_until };
    return { ...base, customer: { ...base.customer, ...proven } };
  }
  return base;
}
