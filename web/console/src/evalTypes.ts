/** Evaluations, as the service writes them. What a sample and a trial hold is shown and never acted on. */

export interface EvalRun {
  id: string;
  name: string;
  made_at: string;
  samples: number;
  trials: number;
  /** Of the trials. */
  passed: number;
}

export type Verdict = "right" | "wrong";

export interface EvalRow {
  asked?: string;
  tags?: string[];
  values?: Record<string, number>;
  /** Of the scores that were not passed, why. */
  failed?: Record<string, string>;
}

export interface EvalResult {
  sample_id: string;
  number: number;
  passed: boolean;
  row: EvalRow;
  verdict: Verdict | null;
  note: string;
}

export interface Figure {
  value: number | null;
  n: number;
  low: number | null;
  high: number | null;
}

export interface EvalSummary {
  overall?: Figure;
  pass_hats?: Record<string, Figure>;
  scores?: { name: string; meaning: string; figure: Figure; failed: number }[];
  by_tag?: { tag: string; figure: Figure }[];
  median?: number;
  p95?: number;
  power?: string;
  /** What the gate said, if the run was compared. */
  verdict?: string[];
}

export interface OneRun {
  run: EvalRun;
  summary: EvalSummary;
  results: EvalResult[];
}

export interface SaidInTrial {
  role: "customer" | "ai_agent" | "human_agent" | "system";
  text: string;
  turn?: number | null;
  citations?: { marker: number; article: string; title: string }[];
}

export interface TurnTaken {
  decision: string;
  kind: string;
  question: string;
  reason?: string | null;
  detail?: string;
  rule?: string;
  confidence?: number;
  seconds?: number;
  retrieved?: { article: string; title: string; score: number }[];
  tool_calls?: { tool: string; arguments: unknown; code: string; message: string }[];
}

export interface EvalTrial {
  messages?: SaidInTrial[];
  turns?: TurnTaken[];
  error?: string | null;
}

export interface WholeResult {
  run: EvalRun;
  result: EvalResult;
  sample: Record<string, unknown>;
  trial: EvalTrial;
}

export interface ScoreMoved {
  name: string;
  samples: number;
  before: number;
  after: number;
  better: number;
  worse: number;
  p: number;
}

export interface RunsCompared {
  before: EvalRun;
  after: EvalRun;
  samples: number;
  only_before: number;
  only_after: number;
  scores: ScoreMoved[];
  moved: { sample_id: string; before: number; after: number }[];
}

export type Because = "low_rating" | "handed_off" | "corrected";

/** A resolved conversation that is worth a sample. */
export interface Candidate {
  conversation_id: string;
  because: Because;
  detail: string;
  subject: string | null;
  at: string;
}

export interface MadeSample {
  id: string;
  conversation_id: string;
  state: "proposed" | "kept" | "dismissed";
  sample: Record<string, unknown>;
  made_at: string;
}

export interface WholeSample extends MadeSample {
  /** What people answered in the conversation, redacted. */
  said_by_people: string[];
}

export interface ReviewQueue {
  candidates: Candidate[];
  samples: (MadeSample | WholeSample)[];
}
