import type { VNode } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { EvalResult, EvalSummary, Figure, OneRun } from "../../evalTypes.ts";
import { agreement, FILTER_WORDS, percent, type ResultFilter, shown } from "../../state/evals.ts";
import { openRun, removeRun } from "../../stores/evals.ts";
import { go } from "../../stores/place.ts";
import { Ready } from "../knowledge/parts.tsx";
import { EvalHead, EvalLink } from "./area.tsx";

const AT_ONCE = 100;
const RUNS = { to: { page: "runs" }, words: "All runs" } as const;

export function RunPage({ id }: { id: string }): VNode {
  const run = useMemo(() => openRun(id), [id]);
  useEffect(() => void run.load(), [run]);
  return (
    <Ready load={run.state.value} what="the run" onRetry={() => void run.load()}>
      {(one) => <OneRunView one={one} />}
    </Ready>
  );
}

export function OneRunView({ one }: { one: OneRun }): VNode {
  const { run, summary } = one;
  const made = new Date(run.made_at).toLocaleString(undefined, {
    dateStyle: "long",
    timeStyle: "short",
  });
  return (
    <>
      <EvalHead
        title={run.name}
        lead={`${made}, ${run.samples} samples, ${run.trials} trials`}
        back={RUNS}
      >
        <RemoveButton id={run.id} />
      </EvalHead>
      <div class="page-body">
        {summary.verdict && summary.verdict.length > 0 && (
          <section class="card eval-section" aria-labelledby="verdict">
            <h2 id="verdict">Compared with the baseline</h2>
            {summary.verdict.map((line) => (
              <p key={line}>{line}</p>
            ))}
          </section>
        )}
        <Overview summary={summary} passed={run.trials ? run.passed / run.trials : null} />
        <Scores summary={summary} />
        <Topics summary={summary} />
        <Results run={run.id} results={one.results} />
      </div>
    </>
  );
}

function RemoveButton({ id }: { id: string }): VNode {
  const [sure, setSure] = useState(false);
  if (!sure)
    return (
      <button type="button" class="button" onClick={() => setSure(true)}>
        Remove…
      </button>
    );
  const remove = async (): Promise<void> => {
    if (await removeRun(id)) go({ conversation: null, evals: { page: "runs" } });
  };
  return (
    <>
      <button type="button" class="button button-danger" onClick={() => void remove()}>
        Remove with all results
      </button>
      <button type="button" class="button" onClick={() => setSure(false)}>
        Keep
      </button>
    </>
  );
}

function Overview({ summary, passed }: { summary: EvalSummary; passed: number | null }): VNode {
  const repeated = Object.entries(summary.pass_hats ?? {});
  return (
    <>
      <dl class="eval-figures">
        <div>
          <dt>Trials passed</dt>
          <dd>
            {percent(summary.overall?.value ?? passed)}
            <Interval figure={summary.overall} />
          </dd>
        </div>
        {repeated.map(([k, figure]) => (
          <div key={k}>
            <dt>
              Pass {k} times of {k}
            </dt>
            <dd>
              {percent(figure.value)}
              <Interval figure={figure} />
            </dd>
          </div>
        ))}
        {summary.median !== undefined && (
          <div>
            <dt>Slowest turn, median</dt>
            <dd>
              {summary.median.toFixed(2)} s{" "}
              {summary.p95 !== undefined && <small>95 % within {summary.p95.toFixed(2)} s</small>}
            </dd>
          </div>
        )}
      </dl>
      {summary.power && <p class="quiet">{summary.power}</p>}
    </>
  );
}

function Interval({ figure }: { figure: Figure | undefined }): VNode | null {
  if (!figure || figure.low === null || figure.high === null) return null;
  return (
    <small>
      {percent(figure.low)} to {percent(figure.high)}
    </small>
  );
}

function Scores({ summary }: { summary: EvalSummary }): VNode | null {
  if (!summary.scores || summary.scores.length === 0) return null;
  return (
    <section class="card eval-section" aria-labelledby="scores">
      <h2 id="scores">Scores</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard must reach a table that scrolls */}
      <section class="setup-scroll" aria-labelledby="scores" tabIndex={0}>
        <table class="setup-table">
          <thead>
            <tr>
              <th scope="col">Score</th>
              <th scope="col">Value</th>
              <th scope="col">95 % interval</th>
              <th scope="col">Samples</th>
              <th scope="col">Failed</th>
            </tr>
          </thead>
          <tbody>
            {summary.scores.map((one) => (
              <tr key={one.name}>
                <th scope="row">
                  {one.name}
                  <small>{one.meaning}</small>
                </th>
                <td>
                  {percent(one.figure.value)}
                  <Bar figure={one.figure} />
                </td>
                <td>
                  <Interval figure={one.figure} />
                </td>
                <td>{one.figure.n}</td>
                <td>{one.failed}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </section>
  );
}

function Topics({ summary }: { summary: EvalSummary }): VNode | null {
  if (!summary.by_tag || summary.by_tag.length === 0) return null;
  return (
    <section class="card eval-section" aria-labelledby="topics">
      <h2 id="topics">By topic, the weakest first</h2>
      <ul class="eval-topics">
        {summary.by_tag.map((one) => (
          <li key={one.tag}>
            <span>{one.tag}</span>
            <Bar figure={one.figure} />
            <span>
              {percent(one.figure.value)} <small>n = {one.figure.n}</small>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Bar({ figure }: { figure: Figure }): VNode | null {
  if (figure.value === null) return null;
  const at = (share: number | null): string => `${(100 * (share ?? 0)).toFixed(1)}%`;
  return (
    <span class="eval-track" aria-hidden="true">
      <i style={{ width: at(figure.value) }} />
      {figure.low !== null && figure.high !== null && (
        <b style={{ left: at(figure.low), width: at(figure.high - figure.low) }} />
      )}
    </span>
  );
}

function Results({ run, results }: { run: string; results: readonly EvalResult[] }): VNode {
  const failed = results.some((one) => !one.passed);
  const [filter, setFilter] = useState<ResultFilter>(failed ? "failed" : "all");
  const [words, setWords] = useState("");
  const [most, setMost] = useState(AT_ONCE);
  const found = shown(results, filter, words);
  const said = agreement(results);
  return (
    <section class="card eval-section" aria-labelledby="results">
      <h2 id="results">Results</h2>
      {said && (
        <p class="quiet">
          People looked at {said.labelled} and agree with the scores on {percent(said.agreed)}
          {said.kappa !== null && ` (kappa ${said.kappa.toFixed(2)})`}.
        </p>
      )}
      <div class="eval-bar">
        <fieldset class="eval-filter">
          <legend class="visually-hidden">Which results</legend>
          {(Object.keys(FILTER_WORDS) as ResultFilter[]).map((each) => (
            <label key={each}>
              <input
                type="radio"
                name="eval-filter"
                checked={filter === each}
                onChange={() => setFilter(each)}
              />
              {FILTER_WORDS[each]}
            </label>
          ))}
        </fieldset>
        <input
          type="search"
          class="input"
          aria-label="Search the results"
          placeholder="Sample, topic or words"
          value={words}
          onInput={(event) => setWords(event.currentTarget.value)}
        />
      </div>
      <p class="quiet" role="status">
        {found.length} of {results.length}
      </p>
      <ul class="eval-results">
        {found.slice(0, most).map((one) => (
          <li key={`${one.sample_id} ${one.number}`}>
            <EvalLink to={{ page: "result", run, sample: one.sample_id, number: one.number }}>
              <Mark passed={one.passed} /> <strong>{one.sample_id}</strong> {one.row.asked}
            </EvalLink>
            <Why row={one} />
          </li>
        ))}
      </ul>
      {found.length > most && (
        <button type="button" class="button" onClick={() => setMost(most + AT_ONCE)}>
          Show more
        </button>
      )}
    </section>
  );
}

export function Mark({ passed }: { passed: boolean }): VNode {
  return (
    <span class={passed ? "eval-mark eval-passed" : "eval-mark"}>
      {passed ? "passed" : "failed"}
    </span>
  );
}

function Why({ row }: { row: EvalResult }): VNode | null {
  const told = Object.entries(row.row.failed ?? {});
  if (told.length === 0) return null;
  return <small>{told.map(([name, why]) => (why ? `${name}: ${why}` : name)).join("; ")}</small>;
}
