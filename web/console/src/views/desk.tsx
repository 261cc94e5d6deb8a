import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { current, followPlace } from "../stores/current.ts";
import { connectInbox, inboxState } from "../stores/inbox.ts";
import { announcement, dismiss, railOpen, sheetOpen, toasts } from "../stores/page.ts";
import { place } from "../stores/place.ts";
import { ConversationPane } from "./conversationPane.tsx";
import { listenForKeys } from "./keyboard.ts";
import { KnowledgeArea } from "./knowledge/area.tsx";
import { ConversationList } from "./list.tsx";
import { Rail } from "./rail.tsx";
import { ShortcutSheet } from "./shortcutSheet.tsx";

/** The inbox's three panes, or the rail and a page of the knowledge area. On narrow windows one at a time. */
export function Desk(): VNode {
  useEffect(connectInbox, []);
  useEffect(followPlace, []);
  useEffect(listenForKeys, []);
  const { knowledge, conversation } = place.value;
  const inboxShows = conversation ? "conversation" : "list";
  const showing = knowledge ? "knowledge" : inboxShows;
  const rail = railOpen.value ? " rail-open" : "";
  return (
    <div class={`desk showing-${showing}${rail}`}>
      <ConnectionBar />
      <Rail />
      {railOpen.value && (
        <button
          type="button"
          class="rail-veil"
          aria-label="Close the menu"
          onClick={() => {
            railOpen.value = false;
          }}
        />
      )}
      <main class="work">
        {knowledge ? (
          <KnowledgeArea place={knowledge} />
        ) : (
          <>
            <ConversationList />
            <ConversationPane />
          </>
        )}
      </main>
      {sheetOpen.value && <ShortcutSheet />}
      <Toasts />
      <p class="visually-hidden" role="status" aria-live="polite">
        {announcement.value}
      </p>
    </div>
  );
}

function ConnectionBar(): VNode | null {
  const states = [inboxState.value, current.value?.streamState.value];
  if (!states.includes("waiting") && !(inboxState.value === "closed")) return null;
  return (
    <p class="connection-bar" role="status" data-testid="reconnecting">
      Reconnecting… What you write is kept.
    </p>
  );
}

function Toasts(): VNode {
  return (
    <ul class="toasts" aria-live="polite">
      {toasts.value.map((each) => (
        <li key={each.id}>
          {each.words}
          <button type="button" class="link" onClick={() => dismiss(each.id)}>
            Dismiss
          </button>
        </li>
      ))}
    </ul>
  );
}
