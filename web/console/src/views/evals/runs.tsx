import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { EvalRun } from "../../evalTypes.ts";
import { percent } from "../../state/evals.ts";
import { runs } from "../../stores/evals.ts";
import { go } from "../../stores/place.ts";
import { Empty, Ready, When } from "../knowledge/parts.tsx";
import { EvalHead, EvalLink } from "./area.tsx";

/** Every run that was kept, and two of them to compare. */
export function RunsPage(): VNode {
  useEffect(() => void runs.load(), []);
  return (
    <>
      <EvalHead
        title="Evals"
        lead="Whether a change makes the AI agent better, before customers do."
      >
        <EvalLink to={{ page: "samples" }} class="button">
          Samples from conversations
        </EvalLink>
      </EvalHead>
      <div class="page-body">
        <Ready load={runs.state.value} what="the runs" onRetry={() => void runs.load()}>
          {(list) => <RunList list={list} />}
        </Ready>
      </div>
    </>
  );
}

export function RunList({ list }: { list: readonly EvalRun[] }): VNode {
  const [picked, setPicked] = useState<readonly string[]>([]);
  if (list.length === 0) {
    return (
      <Empty icon="evals" title="No run is kept yet.">
        <p>
          Run <code>baton eval evals/datasets/suites/demo.jsonl --demo</code> beside the demo, or
          your own file of samples. Its runs appear here.
        </p>
      </Empty>
    );
  }
  const pick = (id: string): void =>
    setPicked(picked.includes(id) ? picked.filter((one) => one !== id) : [...picked, id].slice(-2));
  // The list is newest first: the older of two is what the other is compared with.
  const [after, before] = list.filter((run) => picked.includes(run.id));
  return (
    <>
      <p class="eval-bar">
        <button
          type="button"
          class="button"
          disabled={!before || !after}
          onClick={() => {
            if (before && after)
              go({
                conversation: null,
                evals: { page: "compare", before: before.id, after: after.id },
              });
          }}
        >
          Compare
        </button>
        <span class="quiet" role="status">
          {before && after ? `${before.name} with ${after.name}` : "Choose two runs to compare."}
        </span>
      </p>
      <ul class="eval-runs">
        {list.map((run) => (
          <li key={run.id} class="card eval-run">
            <input
              type="checkbox"
              aria-label={`Compare ${run.name}`}
              checked={picked.includes(run.id)}
              onChange={() => pick(run.id)}
            />
            <span class="eval-grow">
              <EvalLink to={{ page: "run", run: run.id }}>{run.name}</EvalLink>
              <small>
                <When at={run.made_at} />, {run.samples} samples, {run.trials} trials
              </small>
            </span>
            <strong class="eval-share">
              {percent(run.trials ? run.passed / run.trials : null)}
            </strong>
          </li>
        ))}
      </ul>
    </>
  );
}
