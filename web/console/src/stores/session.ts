/** Who is signed in. Everything else in the console exists only while somebody is. */

import type { ConsoleSession } from "@baton/shared/types";
import { computed, signal } from "@preact/signals";
import { ConsoleApi, Refusal } from "../api.ts";
import { DeskApi } from "../deskApi.ts";
import { EvalApi } from "../evalApi.ts";
import { KnowledgeApi } from "../knowledgeApi.ts";
import { forgetDrafts } from "../state/drafts.ts";
import { TeamApi } from "../teamApi.ts";

export type SessionState =
  | { kind: "loading" }
  | { kind: "unreachable"; words: string }
  | { kind: "signed_out"; words: string | null }
  | { kind: "signed_in"; session: ConsoleSession };

export const session = signal<SessionState>({ kind: "loading" });

export const me = computed(() =>
  session.value.kind === "signed_in" ? session.value.session.human_agent : null,
);

export const api = new ConsoleApi(() => {
  if (session.peek().kind !== "signed_in") return;
  session.value = { kind: "signed_out", words: "Your session has ended. Please sign in again." };
});

export const knowledgeApi = new KnowledgeApi(api);
export const deskApi = new DeskApi(api);
export const teamApi = new TeamApi(api);
export const evalApi = new EvalApi(api);

export async function resumeSession(): Promise<void> {
  session.value = { kind: "loading" };
  try {
    const found = await api.session();
    session.value = found
      ? { kind: "signed_in", session: found }
      : { kind: "signed_out", words: null };
  } catch (refusal) {
    session.value = { kind: "unreachable", words: wordsOf(refusal) };
  }
}

/** Signs in; on refusal the plain words to show, else null. */
export async function signIn(email: string, password: string): Promise<string | null> {
  try {
    session.value = { kind: "signed_in", session: await api.signIn(email, password) };
    return null;
  } catch (refusal) {
    if (refusal instanceof Refusal && refusal.code === "invalid_credentials")
      return "This e-mail and password do not go together. Please check both.";
    if (refusal instanceof Refusal && refusal.status === 429)
      return "Too many tries. Please wait a minute, then try again.";
    return wordsOf(refusal);
  }
}

export async function signOut(): Promise<void> {
  await api.signOut().catch(() => undefined);
  forgetDrafts(localStorage);
  session.value = { kind: "signed_out", words: null };
}

export async function setAvailable(available: boolean): Promise<void> {
  const human_agent = await api.setAvailable(available);
  const now = session.peek();
  if (now.kind !== "signed_in") return;
  session.value = { kind: "signed_in", session: { ...now.session, human_agent } };
}

/** What to show for any failure of a request. */
export function wordsOf(failure: unknown): string {
  if (failure instanceof Refusal) return failure.message;
  return "Something went wrong on this page. Reload it and try again.";
}
