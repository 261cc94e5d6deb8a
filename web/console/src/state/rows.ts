/** The rows a timeline is drawn as: entries with day and episode separators and runs of one author. */

import type { Entry, Timeline } from "./timeline.ts";

export type Row =
  | { kind: "day"; key: string; at: string }
  | { kind: "episode"; key: string; episode: number }
  | { kind: "entry"; key: string; entry: Entry; continued: boolean };

/** Messages of one author within this many milliseconds share one name line. */
const RUN = 5 * 60_000;

/** `dayOf` names the local day of an instant; passed in because it depends on the reader's clock. */
export function rowsOf(timeline: Timeline, dayOf: (iso: string) => string): Row[] {
  const rows: Row[] = [];
  let day: string | null = null;
  let previous: Entry | null = null;
  for (const entry of timeline.entries) {
    const entryDay = dayOf(entry.at);
    const newEpisode = previous !== null && entry.episode !== previous.episode;
    if (newEpisode)
      rows.push({ kind: "episode", key: `e${entry.episode}`, episode: entry.episode });
    if (entryDay !== day)
      rows.push({ kind: "day", key: `d${entryDay}.${entry.seq}`, at: entry.at });
    const parted = newEpisode || entryDay !== day;
    const continued = !parted && previous !== null && runsOn(previous, entry);
    rows.push({ kind: "entry", key: `s${entry.seq}`, entry, continued });
    day = entryDay;
    previous = entry;
  }
  return rows;
}

function runsOn(previous: Entry, entry: Entry): boolean {
  if (previous.kind !== "message" || entry.kind !== "message") return false;
  const [a, b] = [previous.message, entry.message];
  if (a.author.kind !== b.author.kind || a.author.id !== b.author.id) return false;
  if (a.visibility !== b.visibility) return false;
  return Date.parse(b.created_at) - Date.parse(a.created_at) < RUN;
}
