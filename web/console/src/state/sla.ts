/** How a promise stands, by the page's own clock. Pure. */

import type { SlaClock } from "@baton/shared/types";

export type SlaLevel = "fine" | "soon" | "late" | "paused";

export function slaLevel({ warn_at, due_at }: SlaClock, now: number): SlaLevel {
  if (due_at === null) return "paused";
  if (Date.parse(due_at) <= now) return "late";
  return warn_at !== null && Date.parse(warn_at) <= now ? "soon" : "fine";
}

/** The one to show where there is room for one: overdue before soon, and of those the earliest. */
export function mostUrgent(clocks: readonly SlaClock[]): SlaClock | null {
  const due = clocks.filter((clock) => clock.due_at !== null);
  const [first] = due.toSorted((a, b) => Date.parse(a.due_at ?? "") - Date.parse(b.due_at ?? ""));
  return first ?? null;
}
