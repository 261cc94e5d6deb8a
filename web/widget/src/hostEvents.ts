import type { Message, ReasonCode } from "@baton/shared/types";
import { Refusal } from "./api.ts";

/** What the host page can listen to with Baton('on', name, callback). */
export interface HostEvents {
  ready: undefined;
  open: undefined;
  close: undefined;
  unread: { count: number };
  message: { message: Message };
  handoff: { reason: ReasonCode | null };
  error: { code: string; detail: string };
  "sign-in": undefined;
}

export type HostEventName = keyof HostEvents;
type Listener = (data: never) => void;

export class HostEmitter {
  private readonly listeners = new Map<string, Set<Listener>>();

  /** Returns the function that ends the listening. */
  on<N extends HostEventName>(name: N, listener: (data: HostEvents[N]) => void): () => void {
    const set = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, set.add(listener));
    return () => void set.delete(listener);
  }

  emit<N extends HostEventName>(name: N, data: HostEvents[N]): void {
    for (const listener of this.listeners.get(name) ?? []) {
      try {
        (listener as (data: HostEvents[N]) => void)(data);
      } catch (error) {
        // The host page's mistake must not stop the chat, and must not be swallowed either.
        console.error(error);
      }
    }
  }
}

/** The server's own words when it answered, ours when it did not. */
export function problemOf(error: unknown, fallback: string): HostEvents["error"] {
  if (error instanceof Refusal) return { code: error.code, detail: error.detail };
  return { code: "unreachable", detail: fallback };
}
