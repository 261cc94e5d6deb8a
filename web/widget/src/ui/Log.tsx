import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Chat } from "../chat.ts";
import { items, type LiveActivity, type TimelineItem, type Transition } from "../timeline.ts";
import { CardView } from "./CardView.tsx";
import { SparkIcon } from "./icons.tsx";
import { MessageView, PendingView } from "./MessageView.tsx";
import { focusConversation } from "./phone.ts";
import { Survey } from "./Survey.tsx";

const NEAR_END = 120;

export function Log({ chat }: { chat: Chat }): VNode {
  const box = useRef<HTMLDivElement>(null);
  const shown = items(chat.timeline, chat.pending);
  const { activity, olderCursor } = chat.timeline;
  useSticking(box, shown, activity);

  useEffect(() => chat.markRead());

  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the log scrolls, and keys must reach it
    <div class="log" ref={box} role="log" aria-live="polite" aria-label="Messages" tabIndex={0}>
      {shown.length === 0 && !chat.feed.loading.value && <Greeting chat={chat} />}
      {chat.feed.loading.value && <p class="quiet">Loading the conversation…</p>}
      {olderCursor !== null && (
        <button type="button" class="text-button older" onClick={() => void chat.loadOlder()}>
          Show earlier messages
        </button>
      )}
      {shown.map((item) => (
        <Item key={item.key} chat={chat} item={item} />
      ))}
      <Survey chat={chat} />
      {activity && <ActivityLine activity={activity} />}
    </div>
  );
}

function Item({ chat, item }: { chat: Chat; item: TimelineItem }): VNode {
  switch (item.type) {
    case "message":
      return <MessageView chat={chat} message={item.message} />;
    case "pending":
      return <PendingView chat={chat} entry={item.entry} />;
    case "card":
      return <CardView chat={chat} card={item.card} />;
    case "transition":
      return (
        <p class="transition" data-testid="transition" data-verb={item.transition.verb}>
          <span>{transitionWords(chat, item.transition)}</span>
        </p>
      );
  }
}

/** "Shortly" would be a lie while nobody is there; the notice below says when somebody will be. */
function transitionWords(chat: Chat, { verb, text }: Transition): string {
  return verb === "hand_off" && !chat.company.config.value.online ? "You're in the queue" : text;
}

function Greeting({ chat }: { chat: Chat }): VNode {
  const { greeting, suggestions, ai_name } = chat.company.config.value;
  return (
    <div class="greeting" data-testid="greeting">
      <span class="label">
        <SparkIcon /> AI agent
      </span>
      <p class="greeting-text">{greeting}</p>
      {suggestions.length > 0 && (
        <ul aria-label={`Questions for ${ai_name}`}>
          {suggestions.map((suggestion) => (
            <li key={suggestion}>
              <button
                type="button"
                class="chip"
                data-testid="suggestion"
                onClick={(event) => {
                  chat.send(suggestion);
                  focusConversation(event.currentTarget);
                }}
              >
                {suggestion}
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function ActivityLine({ activity }: { activity: LiveActivity }): VNode {
  return (
    <p class="activity" data-testid="activity" data-who={activity.who}>
      <span>{activityWords(activity)}</span>
      <span class="dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
    </p>
  );
}

function activityWords({ activity, display_name, who }: LiveActivity): string {
  switch (activity) {
    case "searching":
      return "Looking in the help center";
    case "checking_order":
      return "Checking your order";
    case "typing":
      return `${display_name ?? (who === "human_agent" ? "Our team" : "AI agent")} is typing`;
    default:
      return "Writing";
  }
}

/** Stays at the end while the reader is there; keeps the place when older messages come in on top. */
function useSticking(
  box: { current: HTMLDivElement | null },
  items: readonly TimelineItem[],
  activity: LiveActivity | null,
): void {
  const last = useRef({ height: 0, top: 0, firstKey: "", lastKey: "" });
  const firstKey = items[0]?.key ?? "";
  const lastItem = items.at(-1);
  const lastKey = lastItem?.key ?? "";
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const { height, firstKey: oldFirst, lastKey: oldLast } = last.current;
    const fromEnd = height - element.scrollTop - element.clientHeight;
    const ownNew = lastKey !== oldLast && lastItem?.type === "pending";
    const prepended = oldFirst !== "" && firstKey !== oldFirst && lastKey === oldLast;
    if (prepended) element.scrollTop += element.scrollHeight - height;
    else if (height === 0 || fromEnd < NEAR_END || ownNew) element.scrollTop = element.scrollHeight;
    last.current = { height: element.scrollHeight, top: element.scrollTop, firstKey, lastKey };
  }, [items, activity]);
}
