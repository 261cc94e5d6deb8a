/** The rules on screen: as they are saved, as they are being changed, and what checking and trying them says. */

import type { DeskRules, Finding, SavedRules, Simulation } from "@baton/shared/desk";
import type { HumanAgentPresence } from "@baton/shared/types";
import { signal } from "@preact/signals";
import { Loaded } from "../loaded.ts";
import { toast } from "../page.ts";
import { deskApi, wordsOf } from "../session.ts";

interface Opened {
  saved: SavedRules;
  people: HumanAgentPresence[];
}

const CHECK_AFTER = 400;

export const opened = new Loaded<Opened>(async () => {
  const [saved, people] = await Promise.all([deskApi.rules(), deskApi.people()]);
  draft.value = saved.rules;
  findings.value = saved.findings;
  simulation.value = null;
  problem.value = null;
  return { saved, people };
});

/** The rules as they are being changed; null until they are loaded. */
export const draft = signal<DeskRules | null>(null);
export const findings = signal<readonly Finding[]>([]);
export const simulation = signal<Simulation | null>(null);
export const problem = signal<string | null>(null);
export const busy = signal(false);

let checking: ReturnType<typeof setTimeout> | undefined;

export function change(part: Partial<DeskRules>): void {
  const now = draft.peek();
  if (!now) return;
  draft.value = { ...now, ...part };
  simulation.value = null;
  clearTimeout(checking);
  checking = setTimeout(() => void check(), CHECK_AFTER);
}

async function check(): Promise<void> {
  const rules = draft.peek();
  if (!rules) return;
  try {
    const found = await deskApi.check(rules);
    if (rules !== draft.peek()) return;
    findings.value = found;
    problem.value = null;
  } catch (refusal) {
    if (rules === draft.peek()) problem.value = wordsOf(refusal);
  }
}

export async function tryOut(): Promise<void> {
  await working(async (rules) => {
    simulation.value = await deskApi.simulate(rules);
  });
}

export async function save(): Promise<void> {
  await working(async (rules) => {
    const before = opened.peek();
    if (!before) return;
    const saved = await deskApi.save(rules, before.saved.number);
    opened.put({ ...before, saved });
    draft.value = saved.rules;
    findings.value = saved.findings;
    toast("Saved. Whoever waits is in the new order.");
  });
}

async function working(work: (rules: DeskRules) => Promise<void>): Promise<void> {
  const rules = draft.peek();
  if (!rules) return;
  busy.value = true;
  problem.value = null;
  try {
    await work(rules);
  } catch (refusal) {
    problem.value = wordsOf(refusal);
  } finally {
    busy.value = false;
  }
}
