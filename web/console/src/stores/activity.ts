/** Who is doing something right now. Each sign of life fades by itself: a lost "stopped" must not type forever. */

import type { Activity } from "@baton/shared/types";
import { signal } from "@preact/signals";

/** Writers repeat their signal every 3 s; the AI agent's steps may take longer between two. */
const FADES = { customer: 6000, human_agent: 6000, ai_agent: 30_000 } as const;

export class Activities {
  readonly current = signal<readonly Activity[]>([]);
  private readonly timers = new Map<Activity["who"], ReturnType<typeof setTimeout>>();

  show(activity: Activity): void {
    this.clear(activity.who);
    if (activity.activity === null) return;
    this.current.value = [...this.current.peek(), activity];
    const fade = setTimeout(() => this.clear(activity.who), FADES[activity.who] ?? 6000);
    this.timers.set(activity.who, fade);
  }

  clear(who: Activity["who"]): void {
    clearTimeout(this.timers.get(who));
    this.timers.delete(who);
    if (this.current.peek().some((each) => each.who === who))
      this.current.value = this.current.peek().filter((each) => each.who !== who);
  }

  stop(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
    this.current.value = [];
  }
}
