/** One open conversation: its timeline, its live stream, and what the person at the desk does to it. */

import { newId } from "@baton/shared/ids";
import { openStream, type Stream, type StreamEvent, type StreamState } from "@baton/shared/sse";
import type {
  Activity,
  Brief,
  ConsoleConversation,
  Handoff,
  HumanAgent,
  MessagePosted,
  StatusChanged,
  TurnFinished,
  Visibility,
} from "@baton/shared/types";
import { signal } from "@preact/signals";
import { type ConsoleApi, type MoveDetails, Refusal } from "../api.ts";
import type { DeskVerb } from "../state/permissions.ts";
import { takeoverNotice } from "../state/takeover.ts";
import { everyAtMost } from "../state/throttle.ts";
import * as timelines from "../state/timeline.ts";
import { Activities } from "./activity.ts";
import { Holding } from "./holding.ts";
import { wordsOf } from "./session.ts";

export type Loading = { kind: "loading" } | { kind: "ready" } | { kind: "failed"; words: string };

/** What an open conversation needs of the service. */
export type ConversationApi = Pick<
  ConsoleApi,
  "open" | "older" | "move" | "reply" | "note" | "typing" | "eventsUrl" | "signedOut"
>;

const STALE = "Somebody changed this conversation first. You now see its newest state.";
const TYPING_EVERY = 3000;

export class OpenConversation {
  readonly id: string;
  readonly loading = signal<Loading>({ kind: "loading" });
  readonly timeline = signal<timelines.Timeline | null>(null);
  readonly brief = signal<Brief | null>(null);
  readonly handoff = signal<Handoff | null>(null);
  readonly activities = new Activities();
  readonly streamState = signal<StreamState>("connecting");
  /** The action under way, so that its button shows it and a second click does nothing. */
  readonly busy = signal<DeskVerb | null>(null);
  readonly notice = signal<string | null>(null);
  readonly olderLoading = signal(false);
  /** Rises with every change of an action, for whoever shows them. */
  readonly actionNews = signal(0);
  /** A reply that was taken back, for the composer to take up; `serial` tells one from the next. */
  readonly takenBack = signal<{ text: string; serial: number } | null>(null);

  private readonly api: ConversationApi;
  private readonly me: HumanAgent;
  private readonly throttled = everyAtMost(TYPING_EVERY, () => Date.now());
  private stream: Stream | null = null;
  private sending: Promise<void> = Promise.resolve();
  private olderPage: Promise<boolean> | null = null;
  private closed = false;

  private readonly holding = new Holding();
  private readonly holdMs: () => number;

  constructor(id: string, api: ConversationApi, me: HumanAgent, holdMs = () => 0) {
    this.holdMs = holdMs;
    this.id = id;
    this.api = api;
    this.me = me;
  }

  async load(): Promise<void> {
    this.loading.value = { kind: "loading" };
    try {
      const answer = await this.api.open(this.id);
      if (this.closed) return;
      this.timeline.value = timelines.openTimeline(answer);
      this.adoptHandoff(answer);
      this.loading.value = { kind: "ready" };
      this.listen();
    } catch (refusal) {
      const gone = refusal instanceof Refusal && refusal.status === 404;
      const words = gone
        ? "There is no such conversation. It may have been erased."
        : wordsOf(refusal);
      this.loading.value = { kind: "failed", words };
    }
  }

  close(): void {
    this.holding.letAllGo();
    this.closed = true;
    this.stream?.close();
    this.activities.stop();
  }

  retryNow(): void {
    this.stream?.retryNow();
  }

  /** Sends at once what is still held: the page may be gone in a moment. */
  flush(): void {
    this.holding.letAllGo();
  }

  /** Gives the connection back; nothing is missed, because `resume` goes on where the stream stopped. */
  pause(): void {
    this.stream?.close();
    this.activities.stop();
  }

  resume(): void {
    if (this.streamState.peek() === "closed") this.listen();
  }

  /** Loads the page before the oldest message. False when there is nothing older. */
  loadOlder(): Promise<boolean> {
    const cursor = this.timeline.peek()?.olderCursor;
    if (!cursor) return Promise.resolve(false);
    // Scrolling and the brief may ask at once: both wait for the same page.
    this.olderPage ??= this.fetchOlder(cursor);
    return this.olderPage;
  }

  private async fetchOlder(cursor: number): Promise<boolean> {
    this.olderLoading.value = true;
    try {
      const page = await this.api.older(this.id, cursor);
      this.change((timeline) => timelines.prependPage(timeline, page));
      return true;
    } catch (refusal) {
      this.notice.value = wordsOf(refusal);
      return false;
    } finally {
      this.olderLoading.value = false;
      this.olderPage = null;
    }
  }

  /** Pages back until the message is loaded, so that the brief can point at anything. */
  async reach(messageId: string): Promise<boolean> {
    const loaded = (): boolean =>
      this.timeline
        .peek()
        ?.entries.some((each) => each.kind === "message" && each.message.id === messageId) ?? false;
    while (!loaded()) if (!(await this.loadOlder())) return false;
    return true;
  }

  /** Moves the conversation. True when the server agreed. */
  async act(verb: DeskVerb, details: MoveDetails = {}): Promise<boolean> {
    const timeline = this.timeline.peek();
    if (timeline === null || this.busy.peek() !== null) return false;
    this.busy.value = verb;
    this.notice.value = null;
    // "Done. Resolve": what was written before the move must arrive before it.
    this.holding.letAllGo();
    await this.sending;
    try {
      const epoch = (this.timeline.peek() ?? timeline).conversation.owner_epoch;
      const moved = await this.api.move(this.id, verb, epoch, details);
      this.change((current) => timelines.adoptConversation(current, moved));
      return true;
    } catch (refusal) {
      await this.explain(refusal);
      return false;
    } finally {
      this.busy.value = null;
    }
  }

  send(visibility: Visibility, text: string): void {
    this.enqueue({
      clientId: newId(),
      text,
      visibility,
      at: new Date().toISOString(),
      problem: null,
      held: visibility === "public" && this.holdMs() > 0,
    });
  }

  /** Takes back a reply that has not left yet, the newest by default; its text goes to the composer. */
  takeBack(clientId = this.holding.newest()): void {
    const held = this.timeline.peek()?.pending.find((each) => each.clientId === clientId);
    if (!held || !this.holding.takeBack(held.clientId)) return;
    this.discard(held.clientId);
    const serial = (this.takenBack.peek()?.serial ?? 0) + 1;
    this.takenBack.value = { text: held.text, serial };
  }

  /** Sends a failed message again under its old id, so that it cannot appear twice. */
  retry(clientId: string): void {
    const failed = this.timeline.peek()?.pending.find((each) => each.clientId === clientId);
    if (failed) this.enqueue({ ...failed, problem: null, held: false });
  }

  discard(clientId: string): void {
    this.change((timeline) => timelines.dropPending(timeline, clientId));
  }

  typing(): void {
    this.throttled(() => void this.api.typing(this.id).catch(() => undefined));
  }

  /** One send at a time: two quick messages must not overtake each other on the way. */
  private enqueue(pending: timelines.Pending): void {
    this.change((timeline) => timelines.addPending(timeline, pending));
    const { clientId, held } = pending;
    const released = held ? this.holding.hold(clientId, this.holdMs()) : Promise.resolve(true);
    this.sending = this.sending.then(async () => {
      if (!(await released)) return;
      if (held) this.change((timeline) => timelines.letGo(timeline, clientId));
      await this.post(pending);
    });
  }

  private async post({ clientId, text, visibility }: timelines.Pending): Promise<void> {
    const body = { client_message_id: clientId, text };
    try {
      if (visibility === "note") {
        const { message } = await this.api.note(this.id, body);
        this.change((timeline) => timelines.confirmSend(timeline, message));
        return;
      }
      const owner_epoch = this.timeline.peek()?.conversation.owner_epoch ?? 0;
      const { message, conversation } = await this.api.reply(this.id, { ...body, owner_epoch });
      this.change((timeline) =>
        timelines.adoptConversation(timelines.confirmSend(timeline, message), conversation),
      );
    } catch (refusal) {
      const stale = refusal instanceof Refusal && refusal.status === 409;
      if (stale) await this.explain(refusal);
      const words = stale ? "Not sent: the conversation had changed." : wordsOf(refusal);
      this.change((timeline) => timelines.settlePending(timeline, clientId, words));
    }
  }

  /** A refused move in plain words; after a conflict the newest state is fetched first. */
  private async explain(refusal: unknown): Promise<void> {
    if (!(refusal instanceof Refusal) || refusal.status !== 409) {
      this.notice.value = wordsOf(refusal);
      return;
    }
    await this.refresh();
    this.notice.value = refusal.code === "stale_conversation" ? STALE : refusal.message;
  }

  private async refresh(): Promise<void> {
    try {
      const answer = await this.api.open(this.id);
      this.change((timeline) => timelines.refreshTimeline(timeline, answer));
      this.adoptHandoff(answer);
    } catch {
      // The stream carries the same news as soon as it is back.
    }
  }

  private listen(): void {
    const timeline = this.timeline.peek();
    if (timeline === null || this.closed) return;
    const resumeAt = this.stream?.lastSeq ?? timelines.historyStart(timeline);
    this.stream?.close();
    this.stream = openStream({
      url: this.api.eventsUrl(this.id),
      headers: () => ({}),
      after: resumeAt,
      onEvent: (event) => this.receive(event),
      onState: (state) => {
        this.streamState.value = state;
      },
      onRefused: (status) => {
        if (status === 401) this.api.signedOut();
        return status !== 401 && status !== 404;
      },
    });
  }

  private receive(event: StreamEvent): void {
    if (event.name === "activity") {
      this.observe(event.data as Activity);
      return;
    }
    const before = this.timeline.peek();
    if (event.seq === null || before === null) return;
    const durable = { name: event.name, seq: event.seq, data: event.data };
    const isNews = event.seq > before.appliedSeq;
    this.change((timeline) => timelines.applyEvent(timeline, durable));
    if (isNews) this.react(durable, before);
  }

  private observe(activity: Activity): void {
    if (activity.who === "human_agent" && activity.id === this.me.id) return;
    this.activities.show(activity);
  }

  private react(event: timelines.DurableEvent, before: timelines.Timeline): void {
    if (event.name === "message_posted") {
      const { kind } = (event.data as MessagePosted).message.author;
      if (kind !== "system") this.activities.clear(kind);
    }
    if (event.name === "action_changed") this.actionNews.value += 1;
    if (event.name === "turn_finished") this.fetchMissingTrace(event.data as TurnFinished);
    if (event.name !== "status_changed") return;
    const change = event.data as StatusChanged;
    const words = takeoverNotice(change, before.conversation, this.me);
    if (words) this.notice.value = words;
    // The handoff and its brief travel in the opening answer only.
    void this.refresh();
  }

  /** A trace can be too large for an event; then it is in the answer only. */
  private fetchMissingTrace({ turn_id }: TurnFinished): void {
    if (!this.timeline.peek()?.traces[turn_id]) void this.refresh();
  }

  private adoptHandoff(answer: ConsoleConversation): void {
    this.handoff.value = answer.handoff;
    this.brief.value = answer.brief;
  }

  private change(step: (timeline: timelines.Timeline) => timelines.Timeline): void {
    const timeline = this.timeline.peek();
    if (timeline !== null && !this.closed) this.timeline.value = step(timeline);
  }
}
