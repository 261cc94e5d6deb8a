/** Until when a conversation can be set aside. Pure: the time is passed in, days are those of the reader's zone. */

export interface SnoozeChoice {
  words: string;
  /** Null is until the customer writes. */
  until: Date | null;
}

const MORNING = 9;
const HOUR = 3_600_000;

export function snoozeChoices(now: Date): SnoozeChoice[] {
  const monday = (8 - now.getDay()) % 7 || 7;
  const choices: SnoozeChoice[] = [
    { words: "Until the customer writes", until: null },
    { words: "For an hour", until: new Date(now.getTime() + HOUR) },
    { words: "For four hours", until: new Date(now.getTime() + 4 * HOUR) },
    { words: "Until tomorrow morning", until: morning(now, 1) },
  ];
  // On a Sunday both are the same morning.
  if (monday > 1) choices.push({ words: "Until Monday morning", until: morning(now, monday) });
  return choices;
}

function morning(now: Date, days: number): Date {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, MORNING);
}

/** "Tue, 09:00" within a week, else with the date. */
export function untilWords(iso: string, now: Date): string {
  const at = new Date(iso);
  const near = at.getTime() - now.getTime() < 6 * 24 * HOUR;
  const day = near
    ? { weekday: "short" as const }
    : { day: "numeric" as const, month: "short" as const };
  return at.toLocaleString(undefined, { ...day, hour: "numeric", minute: "2-digit" });
}
