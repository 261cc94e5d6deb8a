/** The conversation on screen: opened and closed as the address changes. */

import { effect, signal } from "@preact/signals";
import { OpenConversation } from "./conversation.ts";
import { place } from "./place.ts";
import { api, me } from "./session.ts";
import { holdMs } from "./settings.ts";

export const current = signal<OpenConversation | null>(null);

/** Follows the address while signed in; the returned function lets go. */
export function followPlace(): () => void {
  const stop = effect(() => {
    const { conversation: id } = place.value;
    const human = me.peek();
    const open = current.peek();
    if (open?.id === id) return;
    open?.close();
    current.value = id && human ? new OpenConversation(id, api, human, holdMs) : null;
    void current.peek()?.load();
  });
  const retry = (): void => current.peek()?.retryNow();
  const flush = (): void => current.peek()?.flush();
  window.addEventListener("online", retry);
  window.addEventListener("pagehide", flush);
  const stopResting = restWhileHidden();
  return () => {
    stop();
    stopResting();
    window.removeEventListener("online", retry);
    window.removeEventListener("pagehide", flush);
    current.peek()?.close();
    current.value = null;
  };
}

/** Browsers allow six connections to one server over HTTP/1.1, for all tabs together: hidden tabs give one back. */
const REST_AFTER = 30_000;

function restWhileHidden(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const onChange = (): void => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(() => current.peek()?.pause(), REST_AFTER);
    else current.peek()?.resume();
  };
  document.addEventListener("visibilitychange", onChange);
  return () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", onChange);
  };
}
