/** What the evaluation pages show, fetched as each is opened. */

import type {
  EvalRun,
  MadeSample,
  OneRun,
  ReviewQueue,
  RunsCompared,
  Verdict,
  WholeResult,
} from "../evalTypes.ts";
import { Loaded } from "./loaded.ts";
import { toast } from "./page.ts";
import { evalApi, wordsOf } from "./session.ts";

export const runs = new Loaded<EvalRun[]>(() => evalApi.runs());

export const openRun = (id: string): Loaded<OneRun> => new Loaded(() => evalApi.run(id));

export const openResult = (run: string, sample: string, number: number): Loaded<WholeResult> =>
  new Loaded(() => evalApi.result(run, sample, number));

export const openComparison = (before: string, after: string): Loaded<RunsCompared> =>
  new Loaded(() => evalApi.compare(before, after));

/** Says what a person thinks of a result; whether the service took it. */
export async function say(
  of: Loaded<WholeResult>,
  verdict: Verdict | null,
  note: string,
): Promise<void> {
  const whole = of.peek();
  if (!whole) return;
  try {
    await evalApi.label(whole.run.id, whole.result, verdict, note);
    of.put({ ...whole, result: { ...whole.result, verdict, note: verdict ? note : "" } });
    toast(verdict ? "Kept. Thank you." : "Taken back.");
  } catch (refusal) {
    toast(wordsOf(refusal));
  }
}

/** Removes a run for good; whether it is gone. */
export async function removeRun(id: string): Promise<boolean> {
  try {
    await evalApi.remove(id);
    await runs.load();
    return true;
  } catch (refusal) {
    toast(wordsOf(refusal));
    return false;
  }
}

export const reviewQueue = new Loaded<ReviewQueue>(() => evalApi.reviewQueue());

/** Makes a sample of a conversation and shows it for review, whatever page this was asked on. */
export async function makeSample(conversation: string): Promise<boolean> {
  try {
    const made = await evalApi.make(conversation);
    const queue = await evalApi.reviewQueue();
    const samples = queue.samples.map((one) => (one.id === made.id ? made : one));
    reviewQueue.put({ ...queue, samples });
    return true;
  } catch (refusal) {
    toast(wordsOf(refusal));
    return false;
  }
}

/** For people who may propose samples, and whose lead reviews them. */
export async function proposeSample(conversation: string): Promise<void> {
  try {
    await evalApi.make(conversation);
    toast("A sample was made, and waits for review under Evals.");
  } catch (refusal) {
    toast(wordsOf(refusal));
  }
}

/** The words of a refusal, or null where it is saved. */
export async function saveSample(
  id: string,
  sample: Record<string, unknown>,
  state: MadeSample["state"],
): Promise<string | null> {
  try {
    await evalApi.save(id, sample, state);
    await reviewQueue.load();
    toast(state === "kept" ? "Kept." : "Dismissed.");
    return null;
  } catch (refusal) {
    return wordsOf(refusal);
  }
}
