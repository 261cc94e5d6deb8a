import { newId } from "@baton/shared/ids";
import type {
  ActionCard,
  CodePromised,
  ConversationListItem,
  MessagePosted,
  Rating,
  StatusChanged,
} from "@baton/shared/types";
import { Unreachable, WidgetApi } from "./api.ts";
import { ArticleReader } from "./articleReader.ts";
import { Cells } from "./cells.ts";
import { Company } from "./company.ts";
import { Feed } from "./feed.ts";
import { HostEmitter, problemOf } from "./hostEvents.ts";
import { Outbox, type OutboxEntry } from "./outbox.ts";
import { type IdentitySource, Session, type SessionCustomer } from "./session.ts";
import { type KeyValue, readJson } from "./storage.ts";
import * as lines from "./timeline.ts";
import { Waiting } from "./waiting.ts";

export interface ChatOptions {
  base: string;
  storage: KeyValue;
  fetch?: typeof fetch;
  now?: () => number;
}

/** The conversation on screen: a client id from the start, the server's id once it exists. */
interface Current {
  key: string;
  id: string | null;
}

const TYPING_EVERY = 3_000;

/** Everything the widget knows and does, without any DOM: the page's components read these cells. */
export class Chat {
  readonly cells = new Cells();
  readonly isOpen = this.cells.cell(false);
  readonly view = this.cells.cell<"conversation" | "list">("conversation");
  readonly entries = this.cells.cell<readonly OutboxEntry[]>([]);
  readonly customer = this.cells.cell<SessionCustomer | null>(null);
  readonly past = this.cells.cell<readonly ConversationListItem[] | null>(null);
  readonly readSeq = this.cells.cell(0);
  readonly current = this.cells.cell<Current>({ key: "", id: null });
  readonly events = new HostEmitter();
  /** What is typed and not sent: it outlives a look at the list and a closed panel. */
  draft = "";
  readonly feed: Feed;
  readonly reader: ArticleReader;
  readonly company: Company;
  readonly waiting: Waiting;

  private readonly storage: KeyValue;
  private readonly api: WidgetApi;
  private readonly session: Session;
  private readonly outbox: Outbox;
  private readonly now: () => number;
  private lastTyping = 0;
  /** Rises when the session passes to somebody else: answers of an older era are thrown away. */
  private era = 0;

  constructor(options: ChatOptions) {
    this.storage = options.storage;
    this.now = options.now ?? Date.now;
    this.api = new WidgetApi(options.base, options.fetch);
    this.session = new Session({
      storage: options.storage,
      open: (body) => this.api.openSession(body),
      onCustomer: (before, now) => this.customerChanged(before, now),
    });
    this.api.useTokens(this.session);
    this.reader = new ArticleReader(this.cells, this.api);
    this.company = new Company(this.cells, this.api);
    this.waiting = new Waiting(this.cells, this.api);
    this.cells.onChange(() => this.waiting.follow(this.queuedId));
    this.outbox = new Outbox({
      storage: options.storage,
      deliver: (entry) => this.deliver(entry),
      onChange: (entries) => this.outboxChanged(entries),
    });
    this.feed = new Feed({
      cells: this.cells,
      api: this.api,
      session: this.session,
      now: this.now,
      fetch: options.fetch,
      onAcknowledged: (id) => this.outbox.acknowledge(id),
      onNews: (name, data) => this.news(name, data),
      onLost: () => this.startNew(),
    });
    this.customer.value = this.session.customer;
    this.entries.value = this.outbox.entries;
    const stored = readJson<Current>(options.storage, "current");
    this.show(stored?.key ? stored : { key: newId(), id: null });
  }

  get timeline(): lines.Timeline {
    return this.feed.timeline.value;
  }

  /** Outbox entries of the conversation on screen. */
  get pending(): readonly OutboxEntry[] {
    const { key, id } = this.current.value;
    return this.entries.value.filter(
      (entry) => entry.key === key || (id !== null && entry.conversationId === id),
    );
  }

  get unread(): number {
    return this.isOpen.value ? 0 : lines.unreadSince(this.timeline, this.readSeq.value);
  }

  private get queuedId(): string | null {
    const { conversation } = this.timeline;
    return this.isOpen.value && conversation?.status === "queued" ? conversation.id : null;
  }

  /** A person was asked for and the answer is not there yet. */
  get askingForHuman(): boolean {
    return this.pending.some((entry) => entry.kind === "human" && entry.state !== "failed");
  }

  start(): void {
    void this.company.load();
    const { id } = this.current.value;
    if (id !== null && this.session.current) void this.feed.load(id);
    this.outbox.kick();
  }

  stop(): void {
    this.feed.close();
  }

  /** The page is looked at again: do not wait out the pauses. */
  wake(): void {
    this.outbox.kick();
    this.feed.wake();
  }

  networkChanged(online: boolean): void {
    if (online) this.outbox.kick();
    this.feed.networkChanged(online);
  }

  open(): void {
    if (this.isOpen.value) return;
    this.isOpen.value = true;
    this.company.ensureLoaded();
    this.events.emit("open", undefined);
  }

  close(): void {
    if (!this.isOpen.value) return;
    this.markRead();
    this.isOpen.value = false;
    this.events.emit("close", undefined);
  }

  send(text: string): void {
    if (text.trim() === "") return;
    this.enqueue("message", text.trim());
  }

  requestHuman(): void {
    const status = this.timeline.conversation?.status;
    if (this.askingForHuman || status === "queued" || status === "assigned") return;
    this.view.value = "conversation";
    const refused = this.pending.filter((entry) => entry.kind === "human");
    for (const entry of refused) this.outbox.discard(entry.id);
    this.enqueue("human", "");
  }

  /** The customer's yes or no to a card. Throws Refusal or Unreachable; a second yes changes nothing. */
  async settle(card: ActionCard, verb: "confirm" | "decline"): Promise<void> {
    const { id } = this.current.value;
    if (id === null) return;
    const now = await this.api[verb](id, card);
    this.feed.update(id, (timeline) => lines.withCard(timeline, 0, now));
  }

  /** How the help was. Throws Refusal or Unreachable; the same answer again changes nothing. */
  async rate(rating: Rating, score: number, remark: string | null = null): Promise<void> {
    const { id } = this.current.value;
    if (id === null) return;
    const kept = await this.api.rate(id, rating.id, score, remark);
    this.feed.update(id, (timeline) => lines.withRating(timeline, 0, kept));
  }

  retry(entry: OutboxEntry): void {
    if (entry.code === "not_found") {
      this.startNew();
      this.outbox.retry(entry.id, this.target());
    } else if (entry.code === "client_message_id_reused") {
      this.outbox.retry(entry.id, { id: newId() });
    } else {
      this.outbox.retry(entry.id);
    }
  }

  discard(entry: OutboxEntry): void {
    this.outbox.discard(entry.id);
  }

  typing(): void {
    const { conversation } = this.timeline;
    if (conversation?.status !== "assigned" || this.now() - this.lastTyping < TYPING_EVERY) return;
    this.lastTyping = this.now();
    // A lost typing sign is not worth a word.
    this.api.typing(conversation.id).catch(() => undefined);
  }

  async setUser(identity: IdentitySource): Promise<void> {
    try {
      await this.session.setUser(identity);
    } catch (error) {
      this.events.emit(
        "error",
        problemOf(error, "Signing in to the chat did not work. Please try again."),
      );
    }
  }

  reset(): void {
    // What a code proved must not outlive signing out; without a line it ends by itself after half an hour.
    if (this.session.current) this.api.endSession().catch(() => undefined);
    this.session.reset();
  }

  /** Throws Refusal or Unreachable. */
  askForCode(given: { order_number?: string; email?: string }): Promise<CodePromised> {
    return this.api.askForCode(this.current.value.id ?? "", given);
  }

  /** Throws Refusal or Unreachable. */
  async enterCode(code: string): Promise<void> {
    const { id } = this.current.value;
    if (id === null) return;
    const { verified_until } = await this.api.enterCode(id, code);
    this.feed.update(id, (timeline) => lines.withVerification(timeline, verified_until));
  }

  startNew(): void {
    this.show({ key: newId(), id: null });
    this.view.value = "conversation";
  }

  openConversation(id: string): void {
    this.view.value = "conversation";
    if (this.current.value.id === id) return;
    this.show({ key: id, id });
    void this.feed.load(id);
  }

  async openList(): Promise<void> {
    this.view.value = "list";
    if (!this.session.current) {
      this.past.value = [];
      return;
    }
    const era = this.era;
    try {
      const { conversations } = await this.api.conversations();
      if (era === this.era) this.past.value = conversations;
    } catch (error) {
      this.events.emit("error", problemOf(error, "Your conversations could not be loaded."));
      this.past.value ??= [];
    }
  }

  async loadOlder(): Promise<void> {
    try {
      await this.feed.loadOlder();
    } catch (error) {
      this.events.emit("error", problemOf(error, "Earlier messages could not be loaded."));
    }
  }

  markRead(): void {
    const { id } = this.current.value;
    const seq = lines.latestSeq(this.timeline);
    if (id === null || seq <= this.readSeq.value) return;
    this.readSeq.value = seq;
    this.storage.set("read", JSON.stringify({ id, seq }));
  }

  /* ---- sending ---- */

  private enqueue(kind: OutboxEntry["kind"], text: string): void {
    this.outbox.add({ id: newId(), kind, ...this.target(), text, createdAt: this.now() });
  }

  private target(): { key: string; conversationId: string | null } {
    const { key, id } = this.current.value;
    return { key, conversationId: id };
  }

  private async deliver(entry: OutboxEntry): Promise<void> {
    const era = this.era;
    try {
      const id = entry.conversationId ?? (await this.create(entry.key));
      if (era === this.era) await this.post(id, entry);
    } catch (error) {
      // Refused for a session that ended on the way: the entry now belongs to a new conversation.
      throw era === this.era ? error : new Unreachable();
    }
    if (era !== this.era) throw new Unreachable();
  }

  private async post(id: string, entry: OutboxEntry): Promise<void> {
    if (entry.kind === "human") {
      const { conversation } = await this.api.requestHuman(id, entry.id);
      this.feed.update(id, (timeline) => lines.withConversation(timeline, conversation));
      return;
    }
    const { message } = await this.api.postMessage(id, entry.id, entry.text);
    this.feed.update(id, (timeline) => lines.withMessage(timeline, message));
  }

  private async create(key: string): Promise<string> {
    const era = this.era;
    const conversation = await this.api.createConversation(key);
    if (era !== this.era) throw new Unreachable();
    this.outbox.bind(key, conversation.id);
    if (this.current.value.key === key && this.current.value.id === null) {
      this.remember({ key, id: conversation.id });
      // Listening starts before the first message goes out, or its first activity line is missed.
      this.feed.listen(conversation.id, 0);
      this.feed.update(conversation.id, (timeline) =>
        lines.withConversation(timeline, conversation),
      );
    }
    return conversation.id;
  }

  private outboxChanged(entries: readonly OutboxEntry[]): void {
    const failedBefore = new Set(
      this.entries.value.filter((entry) => entry.state === "failed").map((entry) => entry.id),
    );
    this.entries.value = entries;
    for (const entry of entries) {
      if (entry.state !== "failed" || failedBefore.has(entry.id)) continue;
      this.events.emit("error", { code: entry.code ?? "", detail: entry.detail ?? "" });
    }
  }

  /* ---- what the host page hears ---- */

  private news(name: string, data: unknown): void {
    if (name === "message_posted") {
      const { message } = data as MessagePosted;
      if (message.author.kind !== "customer") this.events.emit("message", { message });
    } else if (name === "status_changed") {
      const change = data as StatusChanged;
      // Whether somebody is there decides what the queue notice says.
      if (change.to === "queued") void this.company.load();
      if (change.verb === "hand_off") this.events.emit("handoff", { reason: change.reason });
    }
  }

  /* ---- what is on screen, and whose it is ---- */

  private show(current: Current): void {
    this.feed.clear();
    this.remember(current);
    this.reader.close();
    const read = readJson<{ id: string; seq: number }>(this.storage, "read");
    this.readSeq.value = read && read.id === current.id ? read.seq : 0;
  }

  private remember(current: Current): void {
    this.current.value = current;
    this.storage.set("current", JSON.stringify(current));
  }

  private customerChanged(before: SessionCustomer | null, now: SessionCustomer | null): void {
    this.customer.value = now;
    if (now !== null && (before === null || before.id === now.id)) return;
    if (now?.verified && !before?.verified) {
      // The visitor's conversations moved along: same screen, but the stream needs the new token.
      const { id } = this.current.value;
      if (id !== null) void this.feed.load(id);
      return;
    }
    const visitorExpired = before !== null && !before.verified && now !== null;
    this.era += 1;
    if (!visitorExpired) this.forget();
    this.startNew();
    if (visitorExpired) this.outbox.moveAll(this.current.value.key);
  }

  private forget(): void {
    this.outbox.clear();
    this.draft = "";
    this.storage.remove("read");
    this.past.value = null;
  }
}
