/** Who may do what to a conversation, by its status and owner. The server decides; this only spares futile clicks. */

import type { Conversation } from "@baton/shared/types";

type Held = Pick<Conversation, "status" | "assignee">;

export type DeskVerb =
  | "claim"
  | "assign"
  | "release"
  | "return_to_ai"
  | "snooze"
  | "resolve"
  | "reopen";

/** What the Reply tab is: open to me, offered for taking over, held by a colleague, or finished. */
export type ReplyLock =
  | { kind: "open" }
  | { kind: "take_over"; from: "ai_agent" | "queue" | "snoozed" }
  | { kind: "held"; by: string }
  | { kind: "resolved" };

export interface Action {
  verb: DeskVerb;
  label: string;
  primary: boolean;
}

export function isMine(conversation: Held, me: string): boolean {
  return conversation.status === "assigned" && conversation.assignee?.id === me;
}

export function replyLock(conversation: Held, me: string): ReplyLock {
  switch (conversation.status) {
    case "assigned":
      if (isMine(conversation, me)) return { kind: "open" };
      return { kind: "held", by: conversation.assignee?.display_name ?? "A colleague" };
    case "automated":
      return { kind: "take_over", from: "ai_agent" };
    case "queued":
      return { kind: "take_over", from: "queue" };
    case "snoozed":
      return { kind: "take_over", from: "snoozed" };
    default:
      return { kind: "resolved" };
  }
}

const action = (verb: DeskVerb, label: string, primary = false): Action => ({
  verb,
  label,
  primary,
});

/** Buttons of the header, most wanted first. */
export function availableActions(conversation: Held, me: string): Action[] {
  switch (conversation.status) {
    case "automated":
      return [
        action("claim", "Take over", true),
        action("assign", "Assign…"),
        action("resolve", "Resolve"),
      ];
    case "queued":
      return [
        action("claim", "Claim", true),
        action("assign", "Assign…"),
        action("return_to_ai", "Return to AI agent"),
        action("snooze", "Snooze…"),
        action("resolve", "Resolve"),
      ];
    case "snoozed":
      return [
        action("claim", "Claim", true),
        action("assign", "Assign…"),
        action("resolve", "Resolve"),
      ];
    case "assigned":
      if (!isMine(conversation, me)) return [action("assign", "Assign…")];
      return [
        action("resolve", "Resolve", true),
        action("snooze", "Snooze…"),
        action("return_to_ai", "Return to AI agent"),
        action("release", "Release"),
        action("assign", "Assign…"),
      ];
    default:
      return [action("reopen", "Reopen", true)];
  }
}

export function allows(conversation: Held, me: string, verb: DeskVerb): boolean {
  return availableActions(conversation, me).some((candidate) => candidate.verb === verb);
}
