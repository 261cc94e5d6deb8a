/** The desk's rules over HTTP: teams, people, routes, head starts and hours, as `handoff/desk_rules.py` has them. */

import type { Rating, RatingScale } from "./types.ts";

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Day = (typeof DAYS)[number];

export interface OpeningHours {
  zone: string;
  week: Partial<Record<Day, string[]>>;
  days: Record<string, string[]>;
}

export interface When {
  reasons: string[];
  languages: string[];
  moods: string[];
  segments: string[];
  words: string[];
}

export interface Team {
  name: string;
  members: string[];
  hours: OpeningHours | null;
}

export interface PersonRules {
  capacity: number | null;
  skills: string[];
  languages: string[];
}

export interface RouteRule {
  name: string;
  when: When;
  team: string | null;
  skills: string[];
}

export interface HeadStart {
  name: string;
  when: When;
  minutes: number;
}

export interface SlaTarget {
  name: string;
  when: When;
  first_response_minutes: number | null;
  next_response_minutes: number | null;
  resolution_minutes: number | null;
  warn_at_percent: number;
}

export type Survey = "off" | "csat" | "ces" | "nps";

export interface DeskRules {
  automatic: boolean;
  share: "least_busy" | "round_robin";
  fair_limit: number | null;
  capacity: number;
  sticky_days: number;
  match_language: boolean;
  widen_after_minutes: number | null;
  idle_minutes: number;
  take_back_minutes: number | null;
  ask_solved_minutes: number | null;
  survey: Survey;
  survey_mail_minutes: number | null;
  hours: OpeningHours | null;
  teams: Team[];
  people: Record<string, PersonRules>;
  routes: RouteRule[];
  head_starts: HeadStart[];
  sla: SlaTarget[];
}

export interface Finding {
  where: string;
  words: string;
  blocks: boolean;
}

export interface SavedRules {
  number: number;
  rules: DeskRules;
  saved_at: string | null;
  saved_by: string | null;
  findings: Finding[];
}

export interface Outcome {
  handoffs: number;
  left: number;
  median_wait_s: number | null;
  p90_wait_s: number | null;
  by_person: Record<string, number>;
  by_team: Record<string, number>;
  anybody: number;
}

export interface Simulation {
  days: number;
  recorded: Outcome;
  now: Outcome;
  proposed: Outcome;
}

export interface QueuePlace {
  position: number;
  team: string | null;
  head_start_minutes: number;
  why: string[];
  waits_for: string | null;
}

/** Where another system listens, with how many deliveries stand how. */
export interface Endpoint {
  id: string;
  url: string;
  enabled: boolean;
  disabled_because: string | null;
  created_at: string;
  pending: number;
  delivered: number;
  dead: number;
}

/** How one scale was answered; `about` is a person's name, or null for the AI agent. */
export interface RatingTally {
  scale: RatingScale;
  about: string | null;
  asked: number;
  answered: number;
  average: number | null;
  scores: Record<number, number>;
  lowest: number;
  highest: number;
}

export interface RatingOverview {
  days: number;
  tallies: RatingTally[];
  remarks: (Rating & { conversation_id: string; name: string | null })[];
}

/** What a person writes of a saved reply; `team` null is everyone, `shortcut` is typed after a slash. */
export interface WrittenReply {
  title: string;
  shortcut: string;
  text: string;
  team: string | null;
}

export interface SavedReply extends WrittenReply {
  id: string;
  used: number;
  saved_at: string;
  saved_by: string;
}

export interface SavedReplies {
  replies: SavedReply[];
  /** Names that a text may hold in double braces. */
  variables: string[];
}

/** A tag with how many conversations have it. */
export interface KnownTag {
  tag: string;
  conversations: number;
}
