/** The desk's rules as a form edits them: lists are typed with commas, hours as spans. Pure. */

import type {
  DeskRules,
  HeadStart,
  OpeningHours,
  Outcome,
  PersonRules,
  RouteRule,
  Team,
  When,
} from "@baton/shared/desk";
import { DAYS } from "@baton/shared/desk";

export const NO_CONDITION: When = {
  reasons: [],
  languages: [],
  moods: [],
  segments: [],
  words: [],
};

export const newTeam = (): Team => ({ name: "", members: [], hours: null });
export const newRoute = (): RouteRule => ({ name: "", when: NO_CONDITION, team: null, skills: [] });
export const newHeadStart = (): HeadStart => ({ name: "", when: NO_CONDITION, minutes: 10 });
export const NO_PERSON_RULES: PersonRules = { capacity: null, skills: [], languages: [] };

export const OFFICE_HOURS: OpeningHours = {
  zone: Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC",
  week: Object.fromEntries(DAYS.slice(0, 5).map((day) => [day, ["09:00-17:00"]])),
  days: {},
};

/** "a, b" ↔ ["a", "b"]; what is being typed may end with a comma. */
export const listed = (text: string): string[] =>
  text
    .split(",")
    .map((each) => each.trim())
    .filter(Boolean);

export const joined = (list: readonly string[]): string => list.join(", ");

/** Special days, a line each: "2026-12-25" is closed, "2026-12-24 09:00-12:00" has hours of its own. */
export function daysOf(text: string): Record<string, string[]> {
  const lines = text.split("\n").map((line) => line.trim());
  return Object.fromEntries(
    lines.filter(Boolean).map((line) => {
      const [date = "", ...rest] = line.split(" ");
      return [date, listed(rest.join(" "))];
    }),
  );
}

export function textOfDays(days: Record<string, string[]>): string {
  return Object.entries(days)
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([date, spans]) => `${date} ${joined(spans)}`.trim())
    .join("\n");
}

export function withItem<T>(list: readonly T[], at: number, item: T): T[] {
  return list.map((each, i) => (i === at ? item : each));
}

export function withoutItem<T>(list: readonly T[], at: number): T[] {
  return list.filter((_, i) => i !== at);
}

export function moved<T>(list: readonly T[], from: number, by: -1 | 1): T[] {
  const to = from + by;
  const item = list[from];
  if (item === undefined || to < 0 || to >= list.length) return [...list];
  return withoutItem(list, from).toSpliced(to, 0, item);
}

export function withPerson(rules: DeskRules, id: string, person: PersonRules): DeskRules {
  return { ...rules, people: { ...rules.people, [id]: person } };
}

export function withMember(team: Team, id: string, isMember: boolean): Team {
  const others = team.members.filter((each) => each !== id);
  return { ...team, members: isMember ? [...others, id] : others };
}

/** "45 s", "3 min", "2 h 05 min"; a dash for nothing to measure. */
export function waitWords(seconds: number | null): string {
  if (seconds === null) return "–";
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

/** One line of what proposed rules would have made of the past, against the rules of now. */
export function verdict(now: Outcome, proposed: Outcome): string {
  if (proposed.handoffs === 0) return "There were no handoffs to try these rules on.";
  if (proposed.left > now.left)
    return `${proposed.left - now.left} more would have been left without a person.`;
  const [was, would] = [now.median_wait_s ?? 0, proposed.median_wait_s ?? 0];
  if (Math.abs(was - would) < 1) return "The typical wait would have been the same.";
  const words = would < was ? "shorter" : "longer";
  return `The typical wait would have been ${waitWords(Math.abs(was - would))} ${words}.`;
}
