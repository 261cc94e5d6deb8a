// @vitest-environment happy-dom

import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { EvalResult, EvalRun, RunsCompared } from "../src/evalTypes.ts";
import {
  agreement,
  chance,
  type EvalPlace,
  evalAddress,
  evalPlaceOf,
  percent,
  points,
  sampleProblem,
  shown,
} from "../src/state/evals.ts";
import { placeOf } from "../src/state/route.ts";
import { Compared } from "../src/views/evals/compare.tsx";
import { Talk } from "../src/views/evals/result.tsx";
import { OneRunView } from "../src/views/evals/run.tsx";
import { RunList } from "../src/views/evals/runs.tsx";
import { SampleFields } from "../src/views/evals/sampleFields.tsx";
import { QueueView } from "../src/views/evals/samples.tsx";

const HOSTILE = "<img src=x onerror=alert(1)>";

const run = (id: string, passed = 3): EvalRun => ({
  id,
  name: `run ${id}`,
  made_at: "2026-12-01T00:00:00Z",
  samples: 4,
  trials: 4,
  passed,
});

const result = (id: string, passed: boolean, change: Partial<EvalResult> = {}): EvalResult => ({
  sample_id: id,
  number: 0,
  passed,
  row: { asked: `Question ${id}`, tags: ["refunds"], values: { decision: passed ? 1 : 0 } },
  verdict: null,
  note: "",
  ...change,
});

let host: HTMLElement;
beforeEach(() => {
  host = document.body.appendChild(document.createElement("div"));
});
afterEach(() => {
  render(null, host);
  host.remove();
});

test.each<EvalPlace>([
  { page: "runs" },
  { page: "samples" },
  { page: "run", run: "r/1" },
  { page: "result", run: "r", sample: "a b/ü?&", number: 2 },
  { page: "compare", before: "r1", after: "r2" },
])("an address leads back to %o", (place) => {
  const [path = "", query = ""] = evalAddress(place).split("?");
  expect(evalPlaceOf(path, query)).toEqual(place);
  expect(placeOf(path, query).evals).toEqual(place);
});

test("nonsense in an address leads to the runs or the first trial, and elsewhere nowhere", () => {
  expect(evalPlaceOf("/console/evals/nonsense", "")).toEqual({ page: "runs" });
  expect(evalPlaceOf("/console/evals/runs/r", "sample=a&trial=-3")).toMatchObject({ number: 0 });
  expect(evalPlaceOf("/console/evaluations", "")).toBeNull();
});

test("numbers as people read them", () => {
  expect([percent(0.9333), percent(null), points(0.015), points(-0.2)]).toEqual([
    "93.3 %",
    "–",
    "+1.5",
    "-20.0",
  ]);
  expect([chance(0.0312), chance(0.0002)]).toEqual(["0.031", "< 0.001"]);
});

test("results by what failed, by where people disagree, and by words", () => {
  const list = [
    result("a", false),
    result("b", true, { verdict: "wrong" }),
    result("c", false, { verdict: "wrong" }),
  ];
  const ids = (found: EvalResult[]): string[] => found.map((one) => one.sample_id);
  expect(ids(shown(list, "failed", ""))).toEqual(["a", "c"]);
  expect(ids(shown(list, "disagree", ""))).toEqual(["b"]);
  expect(ids(shown(list, "all", "QUESTION C"))).toEqual(["c"]);
  expect(ids(shown(list, "all", "refund"))).toEqual(["a", "b", "c"]);
});

test("kappa is agreement beyond chance", () => {
  const said = (verdict: "right" | "wrong", passed: boolean, times: number): EvalResult[] =>
    Array.from({ length: times }, (_, n) => result(`${verdict}${passed}${n}`, passed, { verdict }));
  // The textbook table of 20, 5, 10 and 15: observed 0.7, by chance 0.5.
  const list = [
    ...said("right", true, 20),
    ...said("wrong", true, 5),
    ...said("right", false, 10),
    ...said("wrong", false, 15),
  ];
  const found = agreement(list);
  expect(found?.agreed).toBeCloseTo(0.7);
  expect(found?.kappa).toBeCloseTo(0.4);
  expect(agreement([result("a", true)])).toBeNull();
  expect(agreement(said("right", true, 3))?.kappa).toBeNull();
});

test("without a run the page says which command makes one", () => {
  act(() => render(<RunList list={[]} />, host));
  expect(host.textContent).toContain("baton eval evals/datasets/suites/demo.jsonl");
});

test("two runs are compared, the older one first, and no more than two are chosen", () => {
  act(() => render(<RunList list={[run("new"), run("middle"), run("old")]} />, host));
  const compare = host.querySelector("button") as HTMLButtonElement;
  const boxes = [...host.querySelectorAll<HTMLInputElement>("input[type=checkbox]")];
  expect(compare.disabled).toBe(true);
  for (const box of boxes) act(() => box.click());
  expect(boxes.map((box) => box.checked)).toEqual([false, true, true]);
  act(() => compare.click());
  expect(location.pathname + location.search).toBe(
    "/console/evals/compare?before=old&after=middle",
  );
});

test("a run shows its failed results first, with why, and its figures", () => {
  const failed = result("a", false);
  failed.row.failed = { decision: HOSTILE };
  const figure = { value: 0.75, n: 4, low: 0.3, high: 0.95 };
  const summary = {
    overall: figure,
    scores: [{ name: "decision", meaning: "decided well", figure, failed: 1 }],
    by_tag: [{ tag: "refunds", figure }],
  };
  act(() =>
    render(
      <OneRunView one={{ run: run("r"), summary, results: [failed, result("b", true)] }} />,
      host,
    ),
  );
  expect(host.textContent).toContain("30.0 % to 95.0 %");
  expect(host.querySelectorAll(".eval-results li")).toHaveLength(1);
  expect(host.querySelector(".eval-results")?.textContent).toContain(`decision: ${HOSTILE}`);
  expect(host.querySelector("img")).toBeNull();
});

test("what was said and found is text, whatever it is", () => {
  const trial = {
    messages: [
      { role: "customer" as const, text: HOSTILE, turn: 0 },
      { role: "ai_agent" as const, text: HOSTILE, turn: 0 },
    ],
    turns: [{ decision: "hand_off", kind: "question", question: HOSTILE, reason: "loop" }],
    error: HOSTILE,
  };
  act(() => render(<Talk trial={trial} />, host));
  expect(host.querySelector("img")).toBeNull();
  expect(host.querySelectorAll("details")).toHaveLength(1);
  expect(host.textContent).toContain("hand off: Going in circles");
  expect(host.querySelector("[role=alert]")?.textContent).toContain(HOSTILE);
});

test.each([
  ['{"id": "a", "question": "x"}', null],
  ["{", "not JSON"],
  ["[]", "one JSON object"],
  ['{"question": "x"}', '"id"'],
  ['{"id": "a", "question": "x", "messages": []}', "Write one of"],
])("a sample as it is typed: %s", (text, problem) => {
  if (problem === null) expect(sampleProblem(text)).toBeNull();
  else expect(sampleProblem(text)).toContain(problem);
});

test("what is worth a sample and what waits for review is text, with what people answered", () => {
  const made = {
    id: "s1",
    conversation_id: "c1",
    state: "proposed" as const,
    sample: { id: "conversation-c1", question: HOSTILE },
    made_at: "2026-12-01T00:00:00Z",
    said_by_people: [HOSTILE],
  };
  const candidate = {
    conversation_id: "c2",
    because: "handed_off" as const,
    detail: "loop",
    subject: null,
    at: "2026-12-01T00:00:00Z",
  };
  act(() => render(<QueueView queue={{ candidates: [candidate], samples: [made] }} />, host));
  expect(host.querySelector("img")).toBeNull();
  expect(host.querySelector("textarea")?.value).toContain(HOSTILE);
  expect(host.querySelector("blockquote")?.textContent).toBe(HOSTILE);
  expect(host.textContent).toContain("Handed off Going in circles");
  act(() => render(<QueueView queue={{ candidates: [], samples: [] }} />, host));
  expect(host.textContent).toContain("Make a sample");
});

test("a proposal is edited in plain fields, and what they do not name stays in its JSON", () => {
  const steps = ["Where is it", { confirm: true }, "And now"];
  const sample = { id: "c", says_in_turn: steps, expect: { decision: "answer", tone: ["calm"] } };
  const shows: string[] = [JSON.stringify(sample)];
  const show = (): void =>
    render(<SampleFields text={shows.at(-1) ?? ""} onText={(text) => shows.push(text)} />, host);
  const type = (place: number, words: string): void => {
    act(() => {
      const field = host.querySelectorAll("textarea")[place];
      if (!field) throw new Error(`no field ${place}`);
      field.value = words;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
    act(show);
  };
  act(show);
  type(1, "And then");
  type(2, "45 days\n\n free |at no cost\n");
  expect(host.querySelectorAll("textarea")[2]?.value).toBe("45 days\n\n free |at no cost\n");
  expect(JSON.parse(shows.at(-1) ?? "")).toEqual({
    id: "c",
    says_in_turn: ["Where is it", { confirm: true }, "And then"],
    expect: { decision: "answer", tone: ["calm"], says: ["45 days", "free |at no cost"] },
  });
  type(2, "");
  expect(JSON.parse(shows.at(-1) ?? "").expect).toEqual({ decision: "answer", tone: ["calm"] });
  shows.push("{");
  act(show);
  expect(host.textContent).toContain("mend it");
});

test("a comparison says what moved, and where nothing can be compared", () => {
  const score = { name: "passed", samples: 4, before: 1, after: 0.75, better: 0, worse: 1, p: 1 };
  const found: RunsCompared = {
    before: run("old"),
    after: run("new"),
    samples: 4,
    only_before: 1,
    only_after: 0,
    scores: [score],
    moved: [{ sample_id: "a", before: 1, after: 0 }],
  };
  act(() => render(<Compared found={found} />, host));
  expect(host.textContent).toContain("-25.0");
  const links = [...host.querySelectorAll(".eval-results a")].map((a) => a.getAttribute("href"));
  expect(links).toEqual([
    "/console/evals/runs/old?sample=a&trial=0",
    "/console/evals/runs/new?sample=a&trial=0",
  ]);
  act(() => render(<Compared found={{ ...found, samples: 0 }} />, host));
  expect(host.textContent).toContain("no sample in common");
});
