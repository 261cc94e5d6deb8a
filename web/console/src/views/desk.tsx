import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { refunds, watchActions } from "../stores/actions.ts";
import { current, followPlace } from "../stores/current.ts";
import { connectInbox, inboxState } from "../stores/inbox.ts";
import { announcement, dismiss, railOpen, sheetOpen, toasts } from "../stores/page.ts";
import { go, place } from "../stores/place.ts";
import { tellActive } from "../stores/presence.ts";
import { ActionsPage } from "./actions/actionsPage.tsx";
import { ConversationPane } from "./conversationPane.tsx";
import { EvalArea } from "./evals/area.tsx";
import { listenForKeys } from "./keyboard.ts";
import { KnowledgeArea } from "./knowledge/area.tsx";
import { ConversationList } from "./list.tsx";
import { Rail } from "./rail.tsx";
import { SetupArea } from "./setup/area.tsx";
import { ShortcutSheet } from "./shortcutSheet.tsx";

/** The inbox's three panes, or the rail and a page of the knowledge area. On narrow windows one at a time. */
export function Desk(): VNode {
  useEffect(connectInbox, []);
  useEffect(followPlace, []);
  useEffect(listenForKeys, []);
  useEffect(tellActive, []);
  useEffect(watchActions, []);
  const { knowledge, conversation, setup, actions, evals } = place.value;
  const inboxShows = conversation ? "conversation" : "list";
  const showing = knowledge || setup || actions || evals ? "knowledge" : inboxShows;
  const rail = railOpen.value ? " rail-open" : "";
  return (
    <div class={`desk showing-${showing}${rail}`}>
      <ConnectionBar />
      <FrozenBar />
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
        <Shown />
      </main>
      {sheetOpen.value && <ShortcutSheet />}
      <Toasts />
      <p class="visually-hidden" role="status" aria-live="polite">
        {announcement.value}
      </p>
    </div>
  );
}

function Shown(): VNode {
  const { knowledge, setup, actions, evals } = place.value;
  if (actions) return <ActionsPage />;
  if (evals) return <EvalArea place={evals} />;
  if (setup) return <SetupArea page={setup} />;
  if (knowledge) return <KnowledgeArea place={knowledge} />;
  return (
    <>
      <ConversationList />
      <ConversationPane />
    </>
  );
}

/** Money that stands still is everybody's business, on whatever page they are. */
function FrozenBar(): VNode | null {
  const frozen = refunds.value?.frozen;
  if (!frozen) return null;
  return (
    <p class="frozen-bar" role="alert" data-testid="frozen">
      Automatic refunds are stopped: {frozen}{" "}
      <button type="button" class="link" onClick={() => go({ conversation: null, actions: true })}>
        Look into it
      </button>
    </p>
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
