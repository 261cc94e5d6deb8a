/** A running sync in words and as a share, for the bar and for those who listen to it. */

import type { FinishedSync, RunningSync, SyncChanges, SyncState } from "@baton/shared/knowledge";

const STAGES: Record<string, string> = {
  reading: "Reading the sources",
  splitting: "Cutting articles into passages",
  encoding: "Computing what passages mean",
  indexing: "Building the index",
};

export function stageWords(stage: string): string {
  return STAGES[stage] ?? stage.charAt(0).toUpperCase() + stage.slice(1).replaceAll("_", " ");
}

/** The share of the stage that is done, from 0 to 1; null while nobody knows how much there is. */
export function shareDone({ done, total }: RunningSync): number | null {
  return total > 0 ? Math.min(1, done / total) : null;
}

export function countWords({ done, total }: RunningSync): string {
  if (total > 0) return `${done.toLocaleString()} of ${total.toLocaleString()}`;
  return done > 0 ? `${done.toLocaleString()} so far` : "";
}

/** "about 2 minutes left"; rounded, because a countdown that jumps is worse than none. */
export function timeLeft(seconds: number | null): string {
  if (seconds === null) return "";
  if (seconds < 5) return "a few seconds left";
  if (seconds < 55) return `about ${Math.ceil(seconds / 5) * 5} seconds left`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `about ${minutes} ${minutes === 1 ? "minute" : "minutes"} left`;
  const hours = Math.round(seconds / 3600);
  return `about ${hours} ${hours === 1 ? "hour" : "hours"} left`;
}

export function changeWords(changes: SyncChanges): string {
  const parts = [
    [changes.added, "added"],
    [changes.changed, "changed"],
    [changes.removed, "removed"],
  ] as const;
  const words = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return words.length > 0 ? words.join(", ") : "Nothing had changed";
}

/** A change worth saying aloud: a new stage, every further quarter, the end. Otherwise null. */
export function spoken(before: SyncState | null, after: SyncState): string | null {
  const [was, is] = [before?.running ?? null, after.running];
  if (was && !is) return after.last ? finishedWords(after.last) : "The sync has ended.";
  if (!is) return null;
  if (!was || was.stage !== is.stage) return `${stageWords(is.stage)}.`;
  const quarter = Math.floor((shareDone(is) ?? 0) * 4);
  if (quarter <= Math.floor((shareDone(was) ?? 0) * 4) || quarter === 4) return null;
  return `${stageWords(is.stage)}: ${quarter * 25} percent.`;
}

const NEWS_MS = 10 * 60_000;

/** A sync that went well is not worth a line for long; each source says when it was synced. */
export function isNews(last: FinishedSync, now: number): boolean {
  return last.outcome !== "done" || now - Date.parse(last.finished_at) < NEWS_MS;
}

const OUTCOMES: Record<FinishedSync["outcome"], string> = {
  done: "Sync finished.",
  partly: "Sync finished, but not every source could be read.",
  failed: "The sync failed; nothing was changed.",
  stopped: "The sync was stopped; nothing was changed.",
};

export const finishedWords = (last: FinishedSync): string =>
  `${OUTCOMES[last.outcome]} ${last.words}`.trim();
