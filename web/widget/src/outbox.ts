import { Refusal } from "./api.ts";
import { type KeyValue, readJson } from "./storage.ts";

/** sending: on its way or next in line. waiting: will be tried again. failed: needs the customer. */
export type EntryState = "sending" | "waiting" | "failed";

export interface OutboxEntry {
  /** The client message id; also the storage key, so that two tabs never overwrite each other's list. */
  id: string;
  kind: "message" | "human";
  /** Client conversation id, and the server's once the conversation exists. */
  key: string;
  conversationId: string | null;
  text: string;
  createdAt: number;
  state: EntryState;
  code: string | null;
  detail: string | null;
}

export interface OutboxOptions {
  storage: KeyValue;
  /** Sends one entry. Resolves when the server has it; throws Refusal or Unreachable. */
  deliver: (entry: OutboxEntry) => Promise<void>;
  onChange: (entries: readonly OutboxEntry[]) => void;
  /** Resolves after `ms`, or sooner when the signal aborts. */
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  random?: () => number;
}

const PREFIX = "outbox:";
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;
/** Refused for what it is: sending the same again cannot help. */
const FINAL = (status: number) =>
  status >= 400 && status < 500 && ![408, 425, 429].includes(status);

/**
 * What the customer sent and the server has not acknowledged yet, in order, surviving reload.
 * One entry is on its way at a time; the server's idempotency makes every retry safe.
 */
export class Outbox {
  private list: OutboxEntry[];
  private pumping = false;
  private failures = 0;
  private nap: AbortController | null = null;
  private readonly options: OutboxOptions;

  constructor(options: OutboxOptions) {
    this.options = options;
    this.list = options.storage
      .keys()
      .filter((key) => key.startsWith(PREFIX))
      .map((key) => readJson<OutboxEntry>(options.storage, key))
      .filter((entry) => entry !== null)
      .sort((a, b) => a.createdAt - b.createdAt);
  }

  get entries(): readonly OutboxEntry[] {
    return this.list;
  }

  add(entry: Pick<OutboxEntry, "id" | "kind" | "key" | "conversationId" | "text" | "createdAt">) {
    this.list = [...this.list, { ...entry, state: "sending", code: null, detail: null }];
    this.save(entry.id);
    this.kick();
  }

  /** Start sending, or try at once instead of waiting out a pause. */
  kick(): void {
    this.nap?.abort();
    if (!this.pumping) void this.pump();
  }

  /** The server has it (its event may come before the answer to our POST). */
  acknowledge(id: string): void {
    if (!this.list.some((entry) => entry.id === id)) return;
    this.list = this.list.filter((entry) => entry.id !== id);
    this.options.storage.remove(PREFIX + id);
    this.options.onChange(this.list);
  }

  discard(id: string): void {
    this.acknowledge(id);
  }

  /** `change` gives a fresh id or conversation where the old one was the reason of the refusal. */
  retry(id: string, change: Partial<Pick<OutboxEntry, "id" | "key" | "conversationId">> = {}) {
    const old = this.list.find((entry) => entry.id === id);
    if (old?.state !== "failed") return;
    this.options.storage.remove(PREFIX + id);
    const entry: OutboxEntry = { ...old, ...change, state: "sending", code: null, detail: null };
    this.list = this.list.map((each) => (each.id === id ? entry : each));
    this.save(entry.id);
    this.kick();
  }

  /** Every entry of a conversation gets the id the server gave it. */
  bind(key: string, conversationId: string): void {
    this.update((entry) => entry.key === key && entry.conversationId !== conversationId, {
      conversationId,
    });
  }

  /** The old conversations are out of reach (the visitor's session ended): send what is left to a new one. */
  moveAll(key: string): void {
    this.update(() => true, { key, conversationId: null });
  }

  clear(): void {
    for (const entry of this.list) this.options.storage.remove(PREFIX + entry.id);
    this.list = [];
    this.nap?.abort();
    this.options.onChange(this.list);
  }

  private async pump(): Promise<void> {
    this.pumping = true;
    for (let next = this.next(); next; next = this.next()) {
      if (next.state !== "sending") this.setState(next.id, "sending");
      const pause = await this.attempt(next);
      if (pause > 0) await this.sleep(pause);
    }
    this.pumping = false;
  }

  /** One try. Returns the milliseconds to wait before anything else is sent. */
  private async attempt(entry: OutboxEntry): Promise<number> {
    try {
      await this.options.deliver(entry);
      this.failures = 0;
      this.acknowledge(entry.id);
      return 0;
    } catch (error) {
      if (error instanceof Refusal && FINAL(error.status)) {
        this.failures = 0;
        this.setState(entry.id, "failed", error.code || String(error.status), error.detail);
        return 0;
      }
      this.setState(entry.id, "waiting");
      return (error instanceof Refusal && error.retryAfter) || this.backoff();
    }
  }

  private backoff(): number {
    const ceiling = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.failures);
    this.failures += 1;
    return ceiling / 2 + ((this.options.random ?? Math.random)() * ceiling) / 2;
  }

  private async sleep(ms: number): Promise<void> {
    this.nap = new AbortController();
    await (this.options.sleep ?? sleep)(ms, this.nap.signal);
    this.nap = null;
  }

  private next(): OutboxEntry | undefined {
    return this.list.find((entry) => entry.state !== "failed");
  }

  private setState(
    id: string,
    state: EntryState,
    code: string | null = null,
    detail: string | null = null,
  ) {
    this.update((entry) => entry.id === id, { state, code, detail });
  }

  private update(which: (entry: OutboxEntry) => boolean, change: Partial<OutboxEntry>): void {
    const changed = this.list.filter(which).map((entry) => entry.id);
    if (changed.length === 0) return;
    this.list = this.list.map((entry) => (which(entry) ? { ...entry, ...change } : entry));
    for (const id of changed) this.write(id);
    this.options.onChange(this.list);
  }

  private save(id: string): void {
    this.write(id);
    this.options.onChange(this.list);
  }

  private write(id: string): void {
    const entry = this.list.find((each) => each.id === id);
    if (entry) this.options.storage.set(PREFIX + id, JSON.stringify(entry));
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
