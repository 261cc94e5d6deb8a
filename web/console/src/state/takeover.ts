/** The notice a person sees when a colleague takes or passes on the conversation they are reading. */

import type { Conversation, HumanAgent, StatusChanged } from "@baton/shared/types";

export function takeoverNotice(
  change: StatusChanged,
  before: Pick<Conversation, "assignee">,
  me: Pick<HumanAgent, "id">,
): string | null {
  const owner = change.assignee;
  if (change.by.kind === "human_agent" && change.by.id === me.id) return null;
  if (owner === null) {
    const wasMine = before.assignee?.id === me.id;
    return wasMine ? "This conversation is no longer assigned to you." : null;
  }
  if (owner.id === before.assignee?.id) return null;
  if (owner.id !== me.id) return `${owner.display_name} just took this conversation.`;
  return `${change.by.display_name ?? "A colleague"} assigned this conversation to you.`;
}
