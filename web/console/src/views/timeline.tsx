import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Row, rowsOf } from "../state/rows.ts";
import type { Timeline } from "../state/timeline.ts";
import type { OpenConversation } from "../stores/conversation.ts";
import { activityWords } from "../words.ts";
import { EntryRow } from "./entry.tsx";
import { PendingItem } from "./message.tsx";

/** Closer to the end than this counts as reading the newest message. */
const NEAR_END = 120;
/** Closer to the start than this loads the page before. */
const NEAR_START = 160;

const dayOf = (iso: string): string => new Date(iso).toDateString();

export function TimelineView({ open }: { open: OpenConversation }): VNode | null {
  const timeline = open.timeline.value;
  const { box, unseen, onScroll, toEnd } = useReadingPlace(open, timeline);
  if (timeline === null) return null;
  return (
    <div class="timeline-place">
      <div
        class="timeline"
        ref={box}
        onScroll={onScroll}
        role="log"
        aria-label="Messages"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the log scrolls, and keys must reach it
        tabIndex={0}
      >
        <Start open={open} timeline={timeline} />
        {rowsOf(timeline, dayOf).map((row) => (
          <TimelineRow key={row.key} row={row} open={open} />
        ))}
        {timeline.pending.map((pending) => (
          <PendingItem key={pending.clientId} open={open} pending={pending} />
        ))}
        <ActivityLines open={open} />
      </div>
      {unseen && (
        <button type="button" class="to-end" onClick={toEnd}>
          New messages
        </button>
      )}
    </div>
  );
}

/** Keeps the reader's place: at the end when they were there, on the same message when older pages come in. */
function useReadingPlace(open: OpenConversation, timeline: Timeline | null) {
  const box = useRef<HTMLDivElement>(null);
  const last = useRef({ first: 0, height: 0, atEnd: true, count: 0 });
  const [unseen, setUnseen] = useState(false);
  const first = timeline?.entries.find((entry) => entry.kind === "message")?.seq ?? 0;
  const count = (timeline?.entries.length ?? 0) + (timeline?.pending.length ?? 0);
  const activities = open.activities.current.value.length;

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const before = last.current;
    const prepended = before.first > 0 && first < before.first;
    if (prepended) element.scrollTop += element.scrollHeight - before.height;
    else if (before.atEnd) element.scrollTop = element.scrollHeight;
    else if (count > before.count) setUnseen(true);
    last.current = { ...before, first, count, height: element.scrollHeight };
  }, [first, count, activities]);

  useEffect(() => keepEnd(box.current, last.current), []);

  const onScroll = (): void => {
    const element = box.current;
    if (!element) return;
    const fromEnd = element.scrollHeight - element.scrollTop - element.clientHeight;
    last.current.atEnd = fromEnd < NEAR_END;
    last.current.height = element.scrollHeight;
    if (last.current.atEnd) setUnseen(false);
    if (element.scrollTop < NEAR_START) void open.loadOlder();
  };
  const toEnd = (): void => {
    const element = box.current;
    if (element) element.scrollTop = element.scrollHeight;
  };
  return { box, unseen, onScroll, toEnd };
}

/** The composer and the brief change height: whoever reads the end stays there. */
function keepEnd(element: HTMLElement | null, last: { atEnd: boolean }): (() => void) | undefined {
  if (!element) return undefined;
  const observer = new ResizeObserver(() => {
    if (last.atEnd) element.scrollTop = element.scrollHeight;
  });
  observer.observe(element);
  return () => observer.disconnect();
}

function Start({ open, timeline }: { open: OpenConversation; timeline: Timeline }): VNode {
  if (timeline.olderCursor === null) return <p class="timeline-start">Start of the conversation</p>;
  return (
    <p class="timeline-start">
      {open.olderLoading.value ? (
        "Loading older messages…"
      ) : (
        <button type="button" class="link" onClick={() => void open.loadOlder()}>
          Load older messages
        </button>
      )}
    </p>
  );
}

function TimelineRow({ row, open }: { row: Row; open: OpenConversation }): VNode {
  switch (row.kind) {
    case "day":
      return (
        <div class="day">
          <span>{dayWords(row.at)}</span>
        </div>
      );
    case "episode":
      return (
        <div class="episode" data-testid="episode">
          <span>Past episodes above · episode {row.episode} starts here</span>
        </div>
      );
    default:
      return <EntryRow entry={row.entry} continued={row.continued} open={open} />;
  }
}

function dayWords(iso: string): string {
  const day = new Date(iso);
  const today = new Date();
  if (day.toDateString() === today.toDateString()) return "Today";
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1);
  if (day.toDateString() === yesterday.toDateString()) return "Yesterday";
  return day.toLocaleDateString(undefined, { weekday: "long", day: "numeric", month: "long" });
}

const WHO = { customer: "The customer", ai_agent: "The AI agent", human_agent: "A colleague" };

function ActivityLines({ open }: { open: OpenConversation }): VNode {
  const shown = open.activities.current.value;
  return (
    <div class="activities" aria-live="off">
      {shown.map(({ who, activity, display_name }) => (
        <p key={who} class={`activity activity-${who}`} data-testid="activity">
          <span class="dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          {who === "ai_agent" ? WHO.ai_agent : (display_name ?? WHO[who])}{" "}
          {activityWords(activity ?? "typing")}
        </p>
      ))}
    </div>
  );
}
