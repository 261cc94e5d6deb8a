/** What waits for a person's approval, how the money stands, and what people do about it. */

import type { Action, ActionCard, Outlook, RefundsState } from "@baton/shared/types";
import { signal } from "@preact/signals";
import { Refusal } from "../api.ts";
import { announce } from "./page.ts";
import { api } from "./session.ts";

/** null until the first answer, and for good where no shop is connected. */
export const refunds = signal<RefundsState | null>(null);
export const approvals = signal<Action[]>([]);

const LOOK_EVERY = 5_000;

export async function lookAtActions(): Promise<void> {
  try {
    const before = refunds.peek()?.waiting ?? 0;
    const state = await api.send<RefundsState>("GET", "/refunds");
    refunds.value = state;
    if (state.waiting > before) announce("An action waits for approval");
    approvals.value = (await api.send<{ actions: Action[] }>("GET", "/approvals")).actions;
  } catch (refusal) {
    if (refusal instanceof Refusal && refusal.status === 404) refunds.value = null;
  }
}

/** Looks now and every few seconds while signed in; the returned function stops. */
export function watchActions(): () => void {
  void lookAtActions();
  const timer = setInterval(() => {
    if (!document.hidden) void lookAtActions();
  }, LOOK_EVERY);
  return () => clearInterval(timer);
}

/** The person's yes or no to exactly what is shown. Throws Refusal. */
export async function judge(action: Action, verb: "approve" | "refuse", why = ""): Promise<void> {
  const body = verb === "refuse" ? { digest: action.digest, why } : { digest: action.digest };
  try {
    await api.send("POST", `/actions/${encodeURIComponent(action.card.id)}/${verb}`, body);
  } finally {
    await lookAtActions();
  }
}

export async function reconcile(): Promise<void> {
  refunds.value = await api.send<RefundsState>("POST", "/refunds/reconcile", {});
}

export async function unfreeze(): Promise<void> {
  refunds.value = await api.send<RefundsState>("POST", "/refunds/unfreeze", {});
}

export function outlook(customer: string, order: string): Promise<Outlook> {
  const body = { external_customer_id: customer.trim(), order_number: order.trim() };
  return api.send("POST", "/policy/outlook", body);
}

export async function actionsOf(conversation: string): Promise<Action[]> {
  const path = `/conversations/${encodeURIComponent(conversation)}/actions`;
  return (await api.send<{ actions: Action[] }>("GET", path)).actions;
}

export function offerRefund(
  conversation: string,
  order: string,
  reason: string,
): Promise<ActionCard> {
  const path = `/conversations/${encodeURIComponent(conversation)}/refunds`;
  return api.send("POST", path, { order_number: order.trim(), reason });
}
