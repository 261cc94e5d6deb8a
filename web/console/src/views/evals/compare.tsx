import type { VNode } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import type { RunsCompared } from "../../evalTypes.ts";
import { chance, percent, points } from "../../state/evals.ts";
import { openComparison } from "../../stores/evals.ts";
import { Ready } from "../knowledge/parts.tsx";
import { EvalHead, EvalLink } from "./area.tsx";

export function ComparePage({ before, after }: { before: string; after: string }): VNode {
  const loaded = useMemo(() => openComparison(before, after), [before, after]);
  useEffect(() => void loaded.load(), [loaded]);
  return (
    <Ready load={loaded.state.value} what="the comparison" onRetry={() => void loaded.load()}>
      {(found) => <Compared found={found} />}
    </Ready>
  );
}

export function Compared({ found }: { found: RunsCompared }): VNode {
  const { before, after, samples } = found;
  const left = found.only_before + found.only_after;
  return (
    <>
      <EvalHead
        title={`${before.name} → ${after.name}`}
        lead={`${samples} samples are in both runs${left ? `; ${left} in one only are left out` : ""}.`}
        back={{ to: { page: "runs" }, words: "All runs" }}
      />
      <div class="page-body">
        {samples === 0 ? (
          <p>These runs have no sample in common, so there is nothing to compare.</p>
        ) : (
          <>
            <Moves found={found} />
            <Samples found={found} />
          </>
        )}
      </div>
    </>
  );
}

function Moves({ found }: { found: RunsCompared }): VNode {
  return (
    <section class="card eval-section" aria-labelledby="moves">
      <h2 id="moves">Scores</h2>
      <p class="quiet">
        p is the sign test's: how often a fair coin is as one-sided as these samples.{" "}
        <code>baton eval --against</code> gives intervals and a gate.
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard must reach a table that scrolls */}
      <section class="setup-scroll" aria-labelledby="moves" tabIndex={0}>
        <table class="setup-table">
          <thead>
            <tr>
              {["Score", "Before", "After", "Points", "Better", "Worse", "p"].map((each) => (
                <th scope="col" key={each}>
                  {each}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {found.scores.map((one) => (
              <tr key={one.name}>
                <th scope="row">{one.name}</th>
                <td>{percent(one.before)}</td>
                <td>{percent(one.after)}</td>
                <td>{points(one.after - one.before)}</td>
                <td>{one.better}</td>
                <td>{one.worse}</td>
                <td>{chance(one.p)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </section>
  );
}

function Samples({ found }: { found: RunsCompared }): VNode {
  return (
    <section class="card eval-section" aria-labelledby="moved">
      <h2 id="moved">Samples that changed ({found.moved.length})</h2>
      {found.moved.length === 0 && <p class="quiet">None.</p>}
      <ul class="eval-results">
        {found.moved.map((one) => {
          const place = { page: "result", sample: one.sample_id, number: 0 } as const;
          const lost = one.after < one.before;
          return (
            <li key={one.sample_id}>
              <span class={lost ? "eval-mark" : "eval-mark eval-passed"}>
                {lost ? "worse" : "better"}
              </span>{" "}
              <strong>{one.sample_id}</strong> {percent(one.before)} → {percent(one.after)}{" "}
              <EvalLink to={{ ...place, run: found.before.id }}>before</EvalLink>{" "}
              <EvalLink to={{ ...place, run: found.after.id }}>after</EvalLink>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
