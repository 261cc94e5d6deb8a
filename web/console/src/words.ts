/** Codes of the record, in the words of people who answer customers. */

import type { Author, InboxView, Status, StatusChanged } from "@baton/shared/types";

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
};

const spaced = (code: string): string => {
  const words = code.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
};

export const reasonWords = (code: string): string => REASONS[code] ?? spaced(code);

/** Reasons that call for care first: shown in a warmer colour. */
export const isDelicate = (code: string): boolean => code === "frustration" || code === "loop";

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
  open: "All open",
  automated: "With the AI agent",
  resolved: "Resolved",
};

export const EMPTY_WORDS: Record<InboxView, { title: string; next: string }> = {
  queue: { title: "Nobody is waiting.", next: "New handoffs appear here at once." },
  mine: { title: "Nothing is yours yet.", next: "Claim a conversation from the queue." },
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
  const by = nameOf(change.by, me);
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
    snooze: `${by} snoozed this`,
    resolve: `${by} resolved this`,
    reopen: change.by.kind === "customer" ? `${by} wrote again` : `${by} reopened this`,
  };
  return lines[change.verb] ?? `${by}: ${spaced(change.verb)}`;
}

const ACTIVITIES: Record<string, string> = {
  searching: "is looking in the help center",
  checking_order: "is checking the order",
  writing: "is writing",
  typing: "is typing",
};
export const activityWords = (code: string): string => ACTIVITIES[code] ?? "is working";
