import type { VNode } from "preact";
import type { OpenConversation } from "../stores/conversation.ts";
import { current } from "../stores/current.ts";
import { inbox } from "../stores/inbox.ts";
import { go } from "../stores/place.ts";
import { ConversationActions } from "./actions/conversationActions.tsx";
import { BriefCard } from "./brief.tsx";
import { Composer } from "./composer.tsx";
import { ConversationHeader } from "./conversationHeader.tsx";
import { Icon } from "./icons.tsx";
import { QueuePlaceLine } from "./queuePlace.tsx";
import { TagBar } from "./tagBar.tsx";
import { TimelineView } from "./timeline.tsx";

export function ConversationPane(): VNode {
  const open = current.value;
  return (
    <section class="pane" aria-label="Conversation">
      {open === null ? <NothingOpen /> : <Opened key={open.id} open={open} />}
    </section>
  );
}

function NothingOpen(): VNode {
  const first = inbox.value?.queue[0];
  return (
    <div class="empty empty-pane">
      <span class="empty-art">
        <Icon name="open" />
      </span>
      <strong>Pick a conversation</strong>
      <p>
        Use <kbd>j</kbd> and <kbd>k</kbd> to move, <kbd>Enter</kbd> to open, <kbd>?</kbd> for all
        shortcuts.
      </p>
      {first && (
        <button
          type="button"
          class="button button-primary"
          onClick={() => go({ view: "queue", conversation: first.id })}
        >
          Open the longest waiting
        </button>
      )}
    </div>
  );
}

function Opened({ open }: { open: OpenConversation }): VNode {
  const loading = open.loading.value;
  if (loading.kind === "failed") return <Failed open={open} words={loading.words} />;
  if (loading.kind === "loading") return <Skeleton />;
  return (
    <>
      <ConversationHeader open={open} />
      <TagBar open={open} />
      <Notice open={open} />
      <QueuePlaceLine open={open} />
      <BriefCard open={open} />
      <ConversationActions open={open} />
      <TimelineView open={open} />
      <Composer open={open} />
    </>
  );
}

function Notice({ open }: { open: OpenConversation }): VNode {
  const words = open.notice.value;
  return (
    <div role="alert" class="notice-place">
      {words && (
        <p class="notice" data-testid="notice">
          <span>{words}</span>
          <button
            type="button"
            class="link"
            onClick={() => {
              open.notice.value = null;
            }}
          >
            Dismiss
          </button>
        </p>
      )}
    </div>
  );
}

function Failed({ open, words }: { open: OpenConversation; words: string }): VNode {
  return (
    <div class="empty empty-pane" role="alert">
      <strong>This conversation could not be opened.</strong>
      <p>{words}</p>
      <div class="empty-actions">
        <button type="button" class="button" onClick={() => go({ conversation: null })}>
          Back to the list
        </button>
        <button type="button" class="button button-primary" onClick={() => void open.load()}>
          Try again
        </button>
      </div>
    </div>
  );
}

function Skeleton(): VNode {
  return (
    <div class="pane-skeleton" role="status" aria-label="Loading the conversation">
      <i class="bone bone-third" />
      <i class="bone bone-block" />
      <i class="bone bone-half" />
      <i class="bone bone-half bone-right" />
      <i class="bone bone-half" />
    </div>
  );
}
