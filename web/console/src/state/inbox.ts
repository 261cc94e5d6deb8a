/** The live inbox as a value, and the moves of a person through its lists. */

import type { Inbox, InboxView, Summary } from "@baton/shared/types";

export const VIEWS: readonly InboxView[] = [
  "queue",
  "mine",
  "team",
  "at_risk",
  "snoozed",
  "open",
  "automated",
  "resolved",
];

/** Conversations that joined the queue between two frames. The first frame announces nothing. */
export function arrivals(previous: Inbox | null, next: Inbox): Summary[] {
  if (previous === null) return [];
  const known = new Set(previous.queue.map((row) => row.id));
  return next.queue.filter((row) => !known.has(row.id));
}

/** Who it is, for lists and titles. Two visitors must look different, so part of the id is shown. */
export function customerName(customer: { id: string; display_name: string | null }): string {
  if (customer.display_name) return customer.display_name;
  return `Visitor ${customer.id.slice(-4).toUpperCase()}`;
}

/** The row `step` places from the selected one; with none selected, the first one or the last. */
export function neighbour(
  ids: readonly string[],
  selected: string | null,
  step: 1 | -1,
): string | null {
  if (ids.length === 0) return null;
  const at = selected === null ? -1 : ids.indexOf(selected);
  if (at < 0) return (step === 1 ? ids[0] : ids.at(-1)) ?? null;
  return ids[Math.min(ids.length - 1, Math.max(0, at + step))] ?? null;
}

/** The two lists the stream carries whole; the others are fetched. */
export function streamedList(inbox: Inbox | null, view: InboxView): Summary[] | null {
  if (inbox === null) return null;
  if (view === "queue") return inbox.queue;
  return view === "mine" ? inbox.mine : null;
}

export function mergePages(first: readonly Summary[], more: readonly Summary[]): Summary[] {
  const known = new Set(first.map((row) => row.id));
  return [...first, ...more.filter((row) => !known.has(row.id))];
}

/** `page` is the name of what is on screen beside the inbox, if that is not the inbox itself. */
export function pageTitle(inbox: Inbox | null, page: string | null = null): string {
  const waiting = inbox?.counts.queue ?? 0;
  const name = page ? `${page} · Baton console` : "Baton console";
  return waiting > 0 ? `(${waiting}) ${name}` : name;
}
