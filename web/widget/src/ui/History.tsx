import { shortAge } from "@baton/shared/time";
import type { ConversationListItem } from "@baton/shared/types";
import type { VNode } from "preact";
import type { Chat } from "../chat.ts";
import { PenIcon } from "./icons.tsx";
import { focusConversation } from "./phone.ts";

export function History({ chat }: { chat: Chat }): VNode {
  const past = chat.past.value;
  return (
    <div class="history">
      <button
        type="button"
        class="button button-primary"
        data-testid="new-conversation"
        onClick={(event) => {
          chat.startNew();
          focusConversation(event.currentTarget);
        }}
      >
        <PenIcon /> New conversation
      </button>
      {past === null && <p class="quiet">Loading…</p>}
      {past?.length === 0 && <p class="quiet">Your conversations will appear here.</p>}
      {past && past.length > 0 && (
        <ul>
          {past.map((conversation) => (
            <Row key={conversation.id} chat={chat} conversation={conversation} />
          ))}
        </ul>
      )}
    </div>
  );
}

function Row({ chat, conversation }: { chat: Chat; conversation: ConversationListItem }): VNode {
  return (
    <li>
      <button
        type="button"
        class="row"
        data-testid="past-conversation"
        onClick={(event) => {
          chat.openConversation(conversation.id);
          focusConversation(event.currentTarget);
        }}
      >
        <span class="row-top">
          <strong dir="auto">{conversation.subject ?? "Conversation"}</strong>
          <time dateTime={conversation.updated_at}>{shortAge(conversation.updated_at)}</time>
        </span>
        <span class="row-preview" dir="auto">
          {conversation.preview}
        </span>
        <span class={`state state-${conversation.status}`}>{stateWords(conversation)}</span>
      </button>
    </li>
  );
}

function stateWords({ status, assignee }: ConversationListItem): string {
  switch (status) {
    case "queued":
      return "Waiting for a person";
    case "assigned":
      return `With ${assignee?.display_name ?? "our team"}`;
    case "snoozed":
      return "Set aside for now";
    case "resolved":
      return "Resolved";
    default:
      return "With the AI agent";
  }
}
