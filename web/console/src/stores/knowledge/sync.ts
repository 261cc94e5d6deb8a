/** The sync as it runs, asked for again and again: closely while it moves, now and then otherwise. */

import type { SyncState } from "@baton/shared/knowledge";
import { signal } from "@preact/signals";
import type { KnowledgeApi } from "../../knowledgeApi.ts";
import { spoken } from "../../state/knowledge/progress.ts";

const WHILE_RUNNING_MS = 700;
const AT_REST_MS = 10_000;

export interface SyncEvents {
  announce: (words: string) => void;
  /** A sync ended, ours or a colleague's: lists on screen are out of date. */
  finished: () => void;
}

export class SyncWatch {
  readonly state = signal<SyncState | null>(null);
  private readonly api: Pick<KnowledgeApi, "sync" | "startSync" | "stopSync">;
  private readonly events: SyncEvents;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private watching = false;

  constructor(api: Pick<KnowledgeApi, "sync" | "startSync" | "stopSync">, events: SyncEvents) {
    this.api = api;
    this.events = events;
  }

  /** Follows until the returned function is called. */
  watch(): () => void {
    this.watching = true;
    void this.look();
    return () => {
      this.watching = false;
      clearTimeout(this.timer);
    };
  }

  async start(sourceIds: string[] | null): Promise<void> {
    this.receive(await this.api.startSync(sourceIds));
  }

  async stop(): Promise<void> {
    this.receive(await this.api.stopSync());
  }

  private async look(): Promise<void> {
    try {
      this.receive(await this.api.sync());
    } catch {
      // The bar stands still; the next look may get through, and the inbox stream says that we are offline.
      this.again();
    }
  }

  private receive(next: SyncState): void {
    const before = this.state.peek();
    const words = spoken(before, next);
    this.state.value = next;
    if (words) this.events.announce(words);
    if (before && endedBetween(before, next)) this.events.finished();
    this.again();
  }

  private again(): void {
    clearTimeout(this.timer);
    if (!this.watching) return;
    const wait = this.state.peek()?.running ? WHILE_RUNNING_MS : AT_REST_MS;
    this.timer = setTimeout(() => void this.look(), wait);
  }
}

/** Also a sync so short that no look saw it running. */
function endedBetween(before: SyncState, after: SyncState): boolean {
  return before.last?.finished_at !== after.last?.finished_at;
}
