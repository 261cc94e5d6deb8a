import type {
  ActionCard,
  ActionChanged,
  Activity,
  Conversation,
  ConversationSnapshot,
  CustomerIdentified,
  Message,
  MessagePage,
  MessagePosted,
  Rating,
  RatingEvent,
  StatusChanged,
} from "@baton/shared/types";
import type { OutboxEntry } from "./outbox.ts";

/** One line between messages: the conversation changed hands. */
export interface Transition {
  seq: number;
  at: string;
  text: string;
  verb: StatusChanged["verb"] | "identified";
}

export interface LiveActivity extends Activity {
  /** Milliseconds on the caller's clock. A line older than ACTIVITY_LIFE is not shown. */
  since: number;
}

/** What one conversation looks like now. A value: every change gives a new one. */
export interface Timeline {
  conversation: Conversation | null;
  /** By seq, each id once. */
  messages: readonly Message[];
  transitions: readonly Transition[];
  /** By the place at which they were offered, each id once. */
  cards: readonly ActionCard[];
  /** What was asked about the help, each id once, as it was answered last. */
  ratings: readonly Rating[];
  olderCursor: number | null;
  activity: LiveActivity | null;
}

export type TimelineItem =
  | { type: "message"; key: string; message: Message }
  | { type: "pending"; key: string; entry: OutboxEntry }
  | { type: "transition"; key: string; transition: Transition }
  | { type: "card"; key: string; card: ActionCard };

export const ACTIVITY_LIFE = 30_000;

export const EMPTY: Timeline = {
  conversation: null,
  messages: [],
  transitions: [],
  cards: [],
  ratings: [],
  olderCursor: null,
  activity: null,
};

/** A fresh snapshot, joined with whatever events overtook it. */
export function withSnapshot(timeline: Timeline, snapshot: ConversationSnapshot): Timeline {
  const newer = (timeline.conversation?.last_seq ?? -1) > snapshot.last_seq;
  return {
    ...timeline,
    conversation: newer ? timeline.conversation : snapshot.conversation,
    messages: merge(timeline.messages, snapshot.messages),
    cards: snapshot.actions.reduce(addCard, timeline.cards),
    ratings: snapshot.ratings.reduce(addRating, timeline.ratings),
    olderCursor: snapshot.older_cursor,
  };
}

export function withConversation(timeline: Timeline, conversation: Conversation): Timeline {
  const known = timeline.conversation;
  if (known && known.owner_epoch > conversation.owner_epoch) return timeline;
  return { ...timeline, conversation };
}

/** A code proved who the customer is, in this conversation and until then. */
export function withVerification(timeline: Timeline, verifiedUntil: string): Timeline {
  const { conversation } = timeline;
  if (!conversation) return timeline;
  const customer = {
    ...conversation.customer,
    verified: true,
    assurance: "verified" as const,
    verified_until: verifiedUntil,
  };
  return { ...timeline, conversation: { ...conversation, customer } };
}

/** A message from an event or from the answer to our POST: whichever comes second changes nothing. */
export function withMessage(timeline: Timeline, message: Message): Timeline {
  if (message.visibility !== "public") return timeline;
  const over = timeline.activity?.who === message.author.kind && message.state !== "writing";
  return {
    ...timeline,
    conversation: seen(timeline.conversation, message.seq),
    messages: merge(timeline.messages, [message]),
    activity: over ? null : timeline.activity,
  };
}

/** An older page: its messages and what happened between them. */
export function withOlder(timeline: Timeline, page: MessagePage): Timeline {
  const messages = merge(timeline.messages, page.messages);
  const joined: Timeline = { ...timeline, messages, olderCursor: page.older_cursor };
  const told = page.events.reduce(
    (sofar, { kind, seq, data }) => withEvent(sofar, kind, seq, data),
    joined,
  );
  // Who wrote in the past says nothing of who is writing now.
  return { ...told, activity: timeline.activity };
}

/** A durable event of the stream. Kinds this widget does not know change nothing. */
export function withEvent(timeline: Timeline, name: string, seq: number, data: unknown): Timeline {
  switch (name) {
    case "message_posted":
    case "message_changed": {
      const shown = withMessage(timeline, (data as MessagePosted).message);
      return { ...shown, conversation: seen(shown.conversation, seq) };
    }
    case "status_changed":
      return withStatus(timeline, seq, data as StatusChanged);
    case "customer_identified":
      return withIdentified(timeline, seq, data as CustomerIdentified);
    case "action_changed":
      return withCard(timeline, seq, (data as ActionChanged).card);
    case "rating_asked":
    case "rating_given":
      return withRating(timeline, seq, (data as RatingEvent).rating);
    default:
      return { ...timeline, conversation: seen(timeline.conversation, seq) };
  }
}

export function withActivity(timeline: Timeline, activity: Activity, now: number): Timeline {
  if (activity.who === "customer") return timeline;
  if (activity.activity !== null) return { ...timeline, activity: { ...activity, since: now } };
  // "stopped" of one author must not hide what the other is doing.
  return timeline.activity?.who === activity.who ? { ...timeline, activity: null } : timeline;
}

/** Drops an activity line nobody ended: the process that sent it may be gone. */
export function withoutStale(timeline: Timeline, now: number): Timeline {
  const { activity } = timeline;
  if (!activity || now - activity.since < ACTIVITY_LIFE) return timeline;
  return { ...timeline, activity: null };
}

/** Messages and transitions by seq, then what is still on its way. One item per client message id. */
export function items(timeline: Timeline, pending: readonly OutboxEntry[]): TimelineItem[] {
  const stored: TimelineItem[] = [
    ...timeline.messages.map(
      (message): TimelineItem => ({
        type: "message",
        // The bubble keeps its key when the acknowledged message replaces the pending one.
        key: message.client_message_id ?? message.id,
        message,
      }),
    ),
    ...timeline.transitions.map(
      (transition): TimelineItem => ({
        type: "transition",
        key: `t${transition.seq}`,
        transition,
      }),
    ),
    ...shownCards(timeline).map(
      (card): TimelineItem => ({ type: "card", key: `a${card.id}`, card }),
    ),
  ].sort((a, b) => seqOf(a) - seqOf(b));
  const known = new Set(timeline.messages.map((message) => message.client_message_id));
  const waiting = pending
    .filter((entry) => entry.kind === "message" && !known.has(entry.id))
    .map((entry): TimelineItem => ({ type: "pending", key: entry.id, entry }));
  return [...stored, ...waiting];
}

/** Messages of somebody else after `seq`: what a closed panel counts as unread. A question about one is no news. */
export function unreadSince(timeline: Timeline, seq: number): number {
  return timeline.messages.filter(
    (message) =>
      message.seq > seq &&
      message.request !== "solved" &&
      (message.author.kind === "ai_agent" || message.author.kind === "human_agent"),
  ).length;
}

export function latestSeq(timeline: Timeline): number {
  return Math.max(timeline.conversation?.last_seq ?? 0, timeline.messages.at(-1)?.seq ?? 0);
}

function seqOf(item: TimelineItem): number {
  if (item.type === "message") return item.message.seq;
  if (item.type === "card") return item.card.seq;
  return item.type === "transition" ? item.transition.seq : Number.MAX_SAFE_INTEGER;
}

/** Cards above the oldest message shown come into view with their page. */
function shownCards({ cards, messages, olderCursor }: Timeline): readonly ActionCard[] {
  const oldest = olderCursor === null ? 0 : (messages[0]?.seq ?? 0);
  return cards.filter((card) => card.seq >= oldest);
}

/** A card from an event or from the answer to a click. The stream always tells how it stands now. */
export function withCard(timeline: Timeline, seq: number, card?: ActionCard): Timeline {
  return {
    ...timeline,
    conversation: seen(timeline.conversation, seq),
    cards: card ? addCard(timeline.cards, card) : timeline.cards,
  };
}

export function withRating(timeline: Timeline, seq: number, rating: Rating): Timeline {
  return {
    ...timeline,
    conversation: seen(timeline.conversation, seq),
    ratings: addRating(timeline.ratings, rating),
  };
}

/** A replayed old event must not take an answer back. */
function addRating(known: readonly Rating[], rating: Rating): readonly Rating[] {
  const before = known.find((each) => each.id === rating.id);
  if (before?.answered_at && before.answered_at >= (rating.answered_at ?? "")) return known;
  return [...known.filter((each) => each.id !== rating.id), rating];
}

/** How the help of people was: shown at the end of a resolved conversation, in its newest episode. */
export function survey({ conversation, ratings }: Timeline): Rating | null {
  if (conversation?.status !== "resolved") return null;
  const asked = ratings.filter(
    (each) => each.scale !== "solved" && each.episode === conversation.episode,
  );
  return asked.at(-1) ?? null;
}

function addCard(known: readonly ActionCard[], card: ActionCard): readonly ActionCard[] {
  const before = known.find((each) => each.id === card.id);
  if (before && before.updated_at > card.updated_at) return known;
  return [...known.filter((each) => each.id !== card.id), card].sort((a, b) => a.seq - b.seq);
}

function merge(known: readonly Message[], more: readonly Message[]): readonly Message[] {
  const byId = new Map(known.map((message) => [message.id, message]));
  for (const message of more) if (message.visibility === "public") byId.set(message.id, message);
  return [...byId.values()].sort((a, b) => a.seq - b.seq);
}

function seen(conversation: Conversation | null, seq: number): Conversation | null {
  if (!conversation || conversation.last_seq >= seq) return conversation;
  return { ...conversation, last_seq: seq };
}

function withStatus(timeline: Timeline, seq: number, change: StatusChanged): Timeline {
  const text = words(change, timeline.conversation);
  return {
    ...timeline,
    conversation: moved(timeline.conversation, seq, change),
    transitions: addTransition(timeline, { seq, at: change.at, text, verb: change.verb }),
    activity: change.to === "automated" ? timeline.activity : null,
  };
}

/** A replayed old change adds its line but must not turn the status back. */
function moved(
  known: Conversation | null,
  seq: number,
  change: StatusChanged,
): Conversation | null {
  if (!known || known.owner_epoch >= change.owner_epoch) return seen(known, seq);
  return {
    ...known,
    status: change.to,
    owner_epoch: change.owner_epoch,
    episode: change.episode,
    assignee: change.assignee,
    queued_at: change.to === "queued" ? change.at : null,
    last_seq: Math.max(known.last_seq, seq),
  };
}

function withIdentified(timeline: Timeline, seq: number, data: CustomerIdentified): Timeline {
  const text = data.display_name ? `You're signed in as ${data.display_name}` : "You're signed in";
  return {
    ...timeline,
    conversation: seen(timeline.conversation, seq),
    transitions: addTransition(timeline, { seq, at: data.at, text, verb: "identified" }),
  };
}

function addTransition(timeline: Timeline, transition: Transition): readonly Transition[] {
  const { transitions } = timeline;
  if (transition.text === "" || transitions.some((each) => each.seq === transition.seq)) {
    return transitions;
  }
  return [...transitions, transition].sort((a, b) => a.seq - b.seq);
}

function words(change: StatusChanged, known: Conversation | null): string {
  const actor = change.by.kind === "human_agent" ? change.by.display_name : null;
  const person = change.assignee?.display_name ?? actor ?? "A member of our team";
  switch (change.verb) {
    case "hand_off":
      return "You're in the queue — we'll be with you shortly";
    case "claim":
      return `${person} joined`;
    case "assign":
      return change.from === "assigned" && known?.assignee?.id === change.assignee?.id
        ? ""
        : `${person} joined`;
    case "release":
      return "You're back in the queue and keep your place — somebody else will join shortly";
    case "return_to_ai":
      return `${actor ?? "Our team"} handed you back to the AI agent`;
    case "snooze":
      return "We've set this aside for now and will come back to you here";
    case "resolve":
      return "This conversation is resolved. Write again any time to pick it up";
    case "reopen":
      if (change.by.kind === "system") return "We're back on this";
      return actor
        ? `${actor} reopened this conversation`
        : "You picked this conversation up again";
    default:
      return "";
  }
}
