import { openStream, type Stream, type StreamEvent, type StreamState } from "@baton/shared/sse";
import type { Activity, MessagePosted } from "@baton/shared/types";
import { Refusal, Unreachable, type WidgetApi } from "./api.ts";
import type { Cell, Cells } from "./cells.ts";
import type { Session } from "./session.ts";
import * as lines from "./timeline.ts";

export interface FeedOptions {
  cells: Cells;
  api: WidgetApi;
  session: Session;
  now: () => number;
  fetch: typeof fetch | undefined;
  /** The server has this client message id: its event came. */
  onAcknowledged: (clientMessageId: string) => void;
  /** A durable event that happened after the page loaded. History is not reported. */
  onNews: (name: string, data: unknown) => void;
  /** The conversation is not (or no longer) this customer's to see. */
  onLost: () => void;
}

const NOTICE_DELAY = 2_000;
const RELOAD_AFTER = 4_000;

/** What comes from the server for the conversation on screen: its snapshot, then its events. */
export class Feed {
  readonly timeline: Cell<lines.Timeline>;
  readonly reconnecting: Cell<boolean>;
  readonly loading: Cell<boolean>;
  private readonly options: FeedOptions;
  private conversationId: string | null = null;
  private stream: Stream | null = null;
  private noticeTimer: ReturnType<typeof setTimeout> | undefined;
  private reloadTimer: ReturnType<typeof setTimeout> | undefined;
  /** Events up to here are history: they fill the log but are no news. */
  private historySeq = 0;

  constructor(options: FeedOptions) {
    this.options = options;
    this.timeline = options.cells.cell<lines.Timeline>(lines.EMPTY);
    this.reconnecting = options.cells.cell(false);
    this.loading = options.cells.cell(false);
  }

  /** Leaves the conversation on screen and starts with an empty page. */
  clear(): void {
    this.close();
    this.conversationId = null;
    this.historySeq = 0;
    this.timeline.value = lines.EMPTY;
    this.loading.value = false;
    this.reconnecting.value = false;
  }

  /** `change` applies only while that conversation is still the one on screen. */
  update(conversationId: string, change: (timeline: lines.Timeline) => lines.Timeline): void {
    if (this.conversationId === conversationId) this.timeline.value = change(this.timeline.value);
  }

  async load(id: string): Promise<void> {
    this.conversationId = id;
    this.loading.value = this.timeline.value.messages.length === 0;
    try {
      const snapshot = await this.options.api.snapshot(id);
      if (this.conversationId !== id) return;
      this.timeline.value = lines.withSnapshot(this.timeline.value, snapshot);
      this.historySeq = snapshot.last_seq;
      // A snapshot has messages but not the transitions between them; the log repeats both,
      // from the oldest message shown, and known messages fall together by id.
      this.listen(id, (snapshot.messages[0]?.seq ?? 1) - 1);
    } catch (error) {
      if (this.conversationId === id) this.loadFailed(id, error);
    } finally {
      if (this.conversationId === id) this.loading.value = false;
    }
  }

  listen(id: string, after: number): void {
    this.close();
    this.conversationId = id;
    this.stream = openStream({
      url: this.options.api.eventsUrl(id),
      after,
      headers: () => ({ Authorization: `Bearer ${this.options.session.current ?? ""}` }),
      onEvent: (event) => this.received(event),
      onState: (state) => this.streamState(state),
      onRefused: (status) => this.refused(status),
      fetch: this.options.fetch,
      credentials: "omit",
    });
  }

  /** Throws Refusal or Unreachable. */
  async loadOlder(): Promise<void> {
    const { conversation, olderCursor } = this.timeline.value;
    if (!conversation || olderCursor === null) return;
    const page = await this.options.api.older(conversation.id, olderCursor);
    this.update(conversation.id, (timeline) => lines.withOlder(timeline, page));
  }

  /** The page is looked at again: do not wait out a pause. */
  wake(): void {
    this.stream?.retryNow();
  }

  /** The browser lost or regained its network. A stream over the old one may hang without an error. */
  networkChanged(online: boolean): void {
    if (online) this.stream?.reconnect();
    else if (this.stream) this.streamState("waiting");
  }

  close(): void {
    this.stream?.close();
    this.stream = null;
    clearTimeout(this.reloadTimer);
  }

  private loadFailed(id: string, error: unknown): void {
    const lost = error instanceof Refusal && error.status < 500 && error.status !== 429;
    if (lost) {
      this.options.onLost();
      return;
    }
    this.reconnecting.value = true;
    this.reloadTimer = setTimeout(() => void this.load(id), RELOAD_AFTER);
  }

  private received({ name, seq, data }: StreamEvent): void {
    if (seq === null) {
      if (name === "activity") this.activity(data as Activity);
      return;
    }
    this.timeline.value = lines.withEvent(this.timeline.value, name, seq, data);
    if (name === "message_posted") {
      const { message } = data as MessagePosted;
      if (message.client_message_id) this.options.onAcknowledged(message.client_message_id);
    }
    if (seq > this.historySeq) this.options.onNews(name, data);
  }

  private activity(activity: Activity): void {
    this.timeline.value = lines.withActivity(this.timeline.value, activity, this.options.now());
    setTimeout(() => {
      this.timeline.value = lines.withoutStale(this.timeline.value, this.options.now());
    }, lines.ACTIVITY_LIFE + 50);
  }

  private streamState(state: StreamState): void {
    if (state === "live" || state === "closed") {
      clearTimeout(this.noticeTimer);
      this.noticeTimer = undefined;
      this.reconnecting.value = false;
      return;
    }
    // Most breaks heal within a second; a notice that only flashes is worse than none.
    this.noticeTimer ??= setTimeout(() => {
      this.reconnecting.value = true;
    }, NOTICE_DELAY);
  }

  private async refused(status: number): Promise<boolean> {
    if (status !== 401) return false;
    try {
      await this.options.session.renew(this.options.session.current ?? "");
      return true;
    } catch (error) {
      return error instanceof Unreachable;
    }
  }
}
