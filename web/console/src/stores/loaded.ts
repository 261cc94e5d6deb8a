/** Something fetched: on its way, there, or not to be had, with the words to say so. */

import { type Signal, signal } from "@preact/signals";
import { wordsOf } from "./session.ts";

export type Load<T> =
  | { kind: "loading" }
  | { kind: "ready"; value: T }
  | { kind: "failed"; words: string };

export class Loaded<T> {
  readonly state: Signal<Load<T>> = signal<Load<T>>({ kind: "loading" });
  private readonly fetch: () => Promise<T>;
  private asked = 0;

  constructor(fetch: () => Promise<T>) {
    this.fetch = fetch;
  }

  /** Fetches anew. What is on screen stays until the answer is there; of two answers the later question's counts. */
  async load(): Promise<void> {
    const mine = ++this.asked;
    if (this.state.peek().kind === "failed") this.state.value = { kind: "loading" };
    try {
      const value = await this.fetch();
      if (mine === this.asked) this.state.value = { kind: "ready", value };
    } catch (refusal) {
      if (mine === this.asked) this.state.value = { kind: "failed", words: wordsOf(refusal) };
    }
  }

  /** Puts in what an action answered, without asking again. */
  put(value: T): void {
    this.asked++;
    this.state.value = { kind: "ready", value };
  }

  /** What is there now, or null. */
  peek(): T | null {
    const now = this.state.peek();
    return now.kind === "ready" ? now.value : null;
  }
}
