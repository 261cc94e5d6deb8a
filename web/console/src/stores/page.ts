/** What belongs to the page as a whole: the ticking clock, spoken announcements, passing notices. */

import { signal } from "@preact/signals";

/** Now in milliseconds, a second at a time; stands still while nobody looks. */
export const now = signal(Date.now());

setInterval(() => {
  if (!document.hidden) now.value = Date.now();
}, 1000);

/** Read out politely by screen readers. */
export const announcement = signal("");

export function announce(words: string): void {
  // The same words twice in a row are not read again without a change in between.
  announcement.value = announcement.peek() === words ? `${words} ` : words;
}

export interface Toast {
  id: number;
  words: string;
}

export const toasts = signal<readonly Toast[]>([]);
let lastToast = 0;

export function toast(words: string): void {
  const id = ++lastToast;
  toasts.value = [...toasts.peek(), { id, words }];
  setTimeout(() => dismiss(id), 6000);
}

export function dismiss(id: number): void {
  toasts.value = toasts.peek().filter((each) => each.id !== id);
}

export const sheetOpen = signal(false);
export const railOpen = signal(false);

/** Asks the composer of the open conversation to take the focus on one of its tabs. */
export const composerRequest = signal<{ tab: "reply" | "note"; serial: number } | null>(null);

export function focusComposer(tab: "reply" | "note"): void {
  composerRequest.value = { tab, serial: (composerRequest.peek()?.serial ?? 0) + 1 };
}
