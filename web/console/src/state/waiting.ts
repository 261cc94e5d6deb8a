/** How long somebody has been waiting, in words that fit a list row. */

export type WaitingLevel = "calm" | "warm" | "late";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Chat customers leave after a few minutes: amber says "soon", red says "we are losing them". */
export const WARM_AFTER = 3 * MINUTE;
export const LATE_AFTER = 10 * MINUTE;

const padded = (value: number): string => String(value).padStart(2, "0");

/** "0:42", "9:05", "1h 05m", "2d 3h". A clock that runs ahead of ours counts as no waiting yet. */
export function formatWaiting(elapsed: number): string {
  const ms = Math.max(0, elapsed);
  if (ms >= DAY) return `${Math.floor(ms / DAY)}d ${Math.floor((ms % DAY) / HOUR)}h`;
  if (ms >= HOUR) return `${Math.floor(ms / HOUR)}h ${padded(Math.floor((ms % HOUR) / MINUTE))}m`;
  return `${Math.floor(ms / MINUTE)}:${padded(Math.floor((ms % MINUTE) / SECOND))}`;
}

/** The same for a screen reader: "9 minutes", "1 hour 5 minutes". */
export function spokenWaiting(elapsed: number): string {
  const minutes = Math.floor(Math.max(0, elapsed) / MINUTE);
  if (minutes < 1) return "less than a minute";
  const plural = (value: number, unit: string): string =>
    `${value} ${unit}${value === 1 ? "" : "s"}`;
  if (minutes < 60) return plural(minutes, "minute");
  if (minutes >= 24 * 60) return plural(Math.floor(minutes / (24 * 60)), "day");
  const rest = minutes % 60;
  const hours = plural(Math.floor(minutes / 60), "hour");
  return rest ? `${hours} ${plural(rest, "minute")}` : hours;
}

export function waitingLevel(elapsed: number): WaitingLevel {
  if (elapsed >= LATE_AFTER) return "late";
  return elapsed >= WARM_AFTER ? "warm" : "calm";
}
