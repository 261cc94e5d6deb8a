/** The evaluations' side of the HTTP contract. Failures are `Refusal`s, as everywhere in the console. */

import type { ConsoleApi } from "./api.ts";
import type {
  EvalRun,
  MadeSample,
  OneRun,
  ReviewQueue,
  RunsCompared,
  Verdict,
  WholeResult,
  WholeSample,
} from "./evalTypes.ts";

export class EvalApi {
  private readonly console: Pick<ConsoleApi, "send">;

  constructor(console: Pick<ConsoleApi, "send">) {
    this.console = console;
  }

  async runs(): Promise<EvalRun[]> {
    return (await this.console.send<{ runs: EvalRun[] }>("GET", "/evals/runs")).runs;
  }

  run(id: string): Promise<OneRun> {
    return this.console.send("GET", `/evals/runs/${encodeURIComponent(id)}`);
  }

  remove(id: string): Promise<void> {
    return this.console.send("DELETE", `/evals/runs/${encodeURIComponent(id)}`);
  }

  result(run: string, sample: string, number: number): Promise<WholeResult> {
    const query = new URLSearchParams({ sample_id: sample, number: String(number) });
    return this.console.send("GET", `/evals/runs/${encodeURIComponent(run)}/result?${query}`);
  }

  label(
    run: string,
    of: { sample_id: string; number: number },
    verdict: Verdict | null,
    note: string,
  ): Promise<void> {
    const body = { sample_id: of.sample_id, number: of.number, verdict, note };
    return this.console.send("PUT", `/evals/runs/${encodeURIComponent(run)}/label`, body);
  }

  reviewQueue(): Promise<ReviewQueue> {
    return this.console.send("GET", "/evals/samples");
  }

  make(conversation: string): Promise<WholeSample> {
    return this.console.send("POST", "/evals/samples", { conversation_id: conversation });
  }

  save(id: string, sample: Record<string, unknown>, state: MadeSample["state"]): Promise<void> {
    return this.console.send("PUT", `/evals/samples/${encodeURIComponent(id)}`, { sample, state });
  }

  compare(before: string, after: string): Promise<RunsCompared> {
    const query = new URLSearchParams({ before, after });
    return this.console.send("GET", `/evals/compare?${query}`);
  }
}
