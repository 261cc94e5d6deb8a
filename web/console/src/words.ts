/** Codes of the record, in the words of people who answer customers. */

import type { Role } from "@baton/shared/team";
import { clockTime } from "@baton/shared/time";
import type {
  Author,
  InboxView,
  Rating,
  RatingScale,
  Routed,
  SlaClock,
  Status,
  StatusChanged,
  TagsChanged,
} from "@baton/shared/types";
import type { SetupPage } from "./state/route.ts";

const REASONS: Record<string, string> = {
  customer_asked: "Asked for a person",
  low_confidence: "AI agent not sure enough",
  ungrounded: "No source for the answer",
  reserved_topic: "Topic kept for people",
  needs_approval: "Needs approval",
  frustration: "Customer is frustrated",
  loop: "Going in circles",
  turn_cap: "Took too many turns",
  ai_unavailable: "AI agent unavailable",
  language: "Another language",
  abuse: "Customer is abusive",
  action_stuck: "Action did not go through",
};

const spaced = (code: string): string => {
  const words = code.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
};

export const reasonWords = (code: string): string => REASONS[code] ?? spaced(code);

/** Reasons that call for care first: shown in a warmer colour. */
export const isDelicate = (code: string): boolean =>
  ["frustration", "loop", "abuse", "action_stuck"].includes(code);

export const STATUS_WORDS: Record<Status, string> = {
  automated: "With the AI agent",
  queued: "Waiting in the queue",
  assigned: "Assigned",
  snoozed: "Snoozed",
  resolved: "Resolved",
};

export const VIEW_WORDS: Record<InboxView, string> = {
  queue: "Queue",
  mine: "Mine",
  team: "My teams",
  at_risk: "Due soon or late",
  snoozed: "Snoozed",
  open: "All open",
  automated: "With the AI agent",
  resolved: "Resolved",
};

export const SETUP_WORDS: Record<SetupPage, { name: string; lead: string }> = {
  ratings: { name: "Ratings", lead: "What customers said of the help, in the last 30 days." },
  rules: {
    name: "Routing and hours",
    lead: "Who gets which conversation, in which order, and when the team is there.",
  },
  replies: {
    name: "Saved replies",
    lead: "Texts at hand in the reply field: type / there, or press Saved replies.",
  },
  team: {
    name: "Team and sessions",
    lead: "Accounts, what each may do, and where you are signed in.",
  },
  tools: {
    name: "Tools",
    lead: "What the AI agent may look up and offer in your shop. Try each as one of your customers.",
  },
  webhooks: { name: "Webhooks", lead: "Other systems that hear what happens here." },
  audit: { name: "Audit log", lead: "Who did and saw what. Lines are only ever added." },
};

export const ROLE_WORDS: Record<Role, string> = {
  viewer: "Read along",
  human_agent: "Answer customers",
  lead: "Lead: also rules, articles and approvals",
  admin: "Admin: everything",
};

export const EMPTY_WORDS: Record<InboxView, { title: string; next: string }> = {
  queue: { title: "Nobody is waiting.", next: "New handoffs appear here at once." },
  mine: { title: "Nothing is yours yet.", next: "Claim a conversation from the queue." },
  team: {
    title: "Nothing waits for your teams.",
    next: "A lead sets up teams and what goes to them under Routing and hours.",
  },
  at_risk: {
    title: "Every promise holds.",
    next: "Conversations appear here when a reply is due soon or late.",
  },
  snoozed: {
    title: "Nothing is set aside.",
    next: "Snoozed conversations wait here until their time, or until the customer writes.",
  },
  open: {
    title: "No open conversations.",
    next: "Conversations appear here when customers write.",
  },
  automated: {
    title: "The AI agent is not talking to anybody.",
    next: "You can read along here and take over at any time.",
  },
  resolved: { title: "Nothing resolved yet.", next: "Finished conversations are kept here." },
};

const DECISIONS: Record<string, string> = {
  answer: "Answered",
  clarify: "Asked back",
  handoff: "Handed off",
};
export const decisionWords = (code: string): string => DECISIONS[code] ?? spaced(code);

const SIGNALS: Record<string, string> = {
  dense: "Near in meaning",
  dense_margin: "Lead in meaning",
  lexical: "Words in common",
  lexical_margin: "Lead in words",
  fused_margin: "Lead in both",
  agreement: "Both searches agree",
  coverage: "Question's words known",
  unknown: "Words nowhere found",
  quote: "Quote near the question",
  quoted_words: "Question's words quoted",
  said: "Said in the first quote",
  length: "Length of the question",
  follow_up: "A follow-up",
  extractive: "By quoting",
  llm: "Language model",
};

/** Names of evidence, responders and codes; an unknown "ranker_agreement" reads "Ranker agreement". */
export const signalWords = (code: string): string => SIGNALS[code] ?? spaced(code);

type Who = Pick<Author, "kind" | "id" | "display_name">;

const nameOf = (who: Who, me: string): string => {
  if (who.kind === "ai_agent") return "The AI agent";
  if (who.kind === "customer") return who.display_name ?? "The customer";
  if (who.kind === "system") return "Baton";
  if (who.id === me) return "You";
  return who.display_name ?? "A colleague";
};

/** One line of the timeline for a move, from the reader's side: `me` is their id. */
export function transitionWords(change: StatusChanged, me: string): string {
  const by = change.by.kind === "system" ? "Routing" : nameOf(change.by, me);
  const to = change.assignee
    ? nameOf({ kind: "human_agent", ...change.assignee }, me)
    : "a colleague";
  const lines: Record<string, string> = {
    hand_off:
      change.by.kind === "customer" ? `${by} asked for a person` : `${by} handed off to the team`,
    claim: `${by} took over`,
    assign: by === to ? `${by} took over` : `${by} assigned this to ${to === "You" ? "you" : to}`,
    release: `${by} put this back in the queue`,
    return_to_ai: `${by} returned this to the AI agent`,
    snooze: `${by} snoozed this${change.until ? ` until ${clockTime(change.until)}` : " until the customer writes"}`,
    resolve: `${by} resolved this`,
    reopen: reopenWords(change, by),
  };
  return lines[change.verb] ?? `${by}: ${spaced(change.verb)}`;
}

function reopenWords(change: StatusChanged, by: string): string {
  if (change.by.kind === "customer") return `${by} wrote again`;
  return change.by.kind === "system"
    ? "The time has come: no longer snoozed"
    : `${by} reopened this`;
}

/** One line of the timeline for a tag that came or went. */
export const tagWords = ({ added, removed, by }: TagsChanged, me: string): string =>
  `${nameOf(by, me)} ${added ? `added the tag “${added}”` : `removed the tag “${removed}”`}`;

/** The line under a move that routing made: why it did. */
export const routedWords = ({ to, why }: Routed): string =>
  to ? `Why ${to}: ${why.join("; ")}` : `Why back: ${why.join("; ")}`;

export const CLOCK_WORDS: Record<SlaClock["clock"], string> = {
  first_response: "First reply",
  next_response: "Next reply",
  resolution: "Resolution",
};

const ACTIVITIES: Record<string, string> = {
  searching: "is looking in the help center",
  checking_order: "is checking the order",
  writing: "is writing",
  typing: "is typing",
};
export const activityWords = (code: string): string => ACTIVITIES[code] ?? "is working";

export const SCALE_WORDS: Record<RatingScale, { name: string; of: string }> = {
  solved: { name: "Did the answer solve it?", of: "" },
  csat: { name: "How was the help?", of: " of 5" },
  ces: { name: "How easy was it?", of: " of 7" },
  nps: { name: "Would they recommend us?", of: " of 10" },
};

/** One line of the timeline for what a customer was asked, or has said. */
export function ratingWords({ scale, score, via }: Rating): string {
  const { name, of } = SCALE_WORDS[scale];
  if (score === null) return scale === "solved" ? "Asked whether that solved it" : `Asked: ${name}`;
  if (scale === "solved")
    return score
      ? "The customer said that it is solved"
      : "The customer said that it is not solved";
  return `The customer answered “${name}” with ${score}${of}${via === "mail" ? ", by mail" : ""}`;
}
