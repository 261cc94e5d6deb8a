/** Runs the commands of the keyboard on whatever is on screen. */

import { neighbour } from "../state/inbox.ts";
import { allows } from "../state/permissions.ts";
import { type Command, commandOf } from "../state/shortcuts.ts";
import { current } from "../stores/current.ts";
import { rows } from "../stores/inbox.ts";
import { focusComposer, railOpen, sheetOpen } from "../stores/page.ts";
import { go, place } from "../stores/place.ts";
import { me } from "../stores/session.ts";

export function rowElement(id: string): HTMLElement | null {
  return document.querySelector(`[data-testid="row"][data-conversation-id="${CSS.escape(id)}"]`);
}

function focusedRow(): string | null {
  const row = document.activeElement?.closest<HTMLElement>("[data-conversation-id]");
  return row?.dataset.conversationId ?? null;
}

function step(by: 1 | -1): void {
  const ids = (rows.peek() ?? []).map((row) => row.id);
  const target = neighbour(ids, focusedRow() ?? place.peek().conversation, by);
  if (target === null) return;
  const element = rowElement(target);
  element?.focus();
  element?.scrollIntoView({ block: "nearest" });
}

function back(): void {
  const leaving = place.peek().conversation;
  go({ conversation: null });
  if (leaving) requestAnimationFrame(() => rowElement(leaving)?.focus());
}

function move(verb: "claim" | "resolve"): void {
  const conversation = current.peek();
  const human = me.peek();
  const state = conversation?.timeline.peek()?.conversation;
  if (!conversation || !human || !state || !allows(state, human.id, verb)) return;
  void conversation.act(verb).then((done) => {
    if (done && verb === "claim") focusComposer("reply");
  });
}

/** The menu on screen, if what is open allows it; its first choice takes the focus. */
function openMenu(testid: "snooze" | "assign"): void {
  document.querySelector<HTMLElement>(`.pane-actions [data-testid="${testid}"]`)?.click();
}

/** Into the search field; where another pane or page covers it, the list comes first. */
function toSearch(): void {
  const field = (): HTMLInputElement | null => document.querySelector('[data-testid="search"]');
  field()?.focus();
  if (document.activeElement === field()) {
    field()?.select();
    return;
  }
  go({ conversation: null });
  requestAnimationFrame(() => field()?.focus());
}

const COMMANDS: Record<Command, () => void> = {
  next: () => step(1),
  previous: () => step(-1),
  open: () => {
    const id = focusedRow();
    if (id) go({ conversation: id });
  },
  claim: () => move("claim"),
  reply: () => focusComposer("reply"),
  note: () => focusComposer("note"),
  resolve: () => move("resolve"),
  takeBack: () => current.peek()?.takeBack(),
  snooze: () => openMenu("snooze"),
  assign: () => openMenu("assign"),
  tag: () => document.querySelector<HTMLElement>('[data-testid="add-tag"]')?.click(),
  search: toSearch,
  back,
  help: () => {
    sheetOpen.value = true;
  },
};

function onKey(event: KeyboardEvent): void {
  if (event.key === "Escape") railOpen.value = false;
  if (sheetOpen.peek() || event.defaultPrevented) return;
  const target = event.target instanceof Element ? event.target : null;
  const typing = Boolean(target?.closest("input, textarea, select, [contenteditable]"));
  const command = commandOf(event, typing, Boolean(target?.closest("button, a, summary")));
  // The other keys act on the inbox, which is not on screen beside the knowledge area.
  if (command === null || (place.peek().knowledge && command !== "help")) return;
  event.preventDefault();
  COMMANDS[command]();
}

export function listenForKeys(): () => void {
  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}
