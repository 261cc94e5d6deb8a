import type { VNode } from "preact";
import { useEffect, useId, useMemo, useState } from "preact/hooks";
import type { EvalTrial, SaidInTrial, TurnTaken, WholeResult } from "../../evalTypes.ts";
import { percent } from "../../state/evals.ts";
import { openResult, say } from "../../stores/evals.ts";
import type { Loaded } from "../../stores/loaded.ts";
import { reasonWords } from "../../words.ts";
import { Ready } from "../knowledge/parts.tsx";
import { EvalHead } from "./area.tsx";
import { Mark } from "./run.tsx";

interface Props {
  run: string;
  sample: string;
  number: number;
}

/** One trial: what was said, what the AI agent found and did, its scores, and what a person says of it. */
export function ResultPage({ run, sample, number }: Props): VNode {
  const loaded = useMemo(() => openResult(run, sample, number), [run, sample, number]);
  useEffect(() => void loaded.load(), [loaded]);
  return (
    <Ready load={loaded.state.value} what="the result" onRetry={() => void loaded.load()}>
      {(whole) => (
        <>
          <EvalHead
            title={whole.result.sample_id}
            lead={`Trial ${whole.result.number + 1}${(whole.result.row.tags ?? []).map((tag) => `, ${tag}`).join("")}`}
            back={{ to: { page: "run", run }, words: whole.run.name }}
          />
          <div class="page-body eval-columns">
            <div>
              <Talk trial={whole.trial} />
            </div>
            <div>
              <Label loaded={loaded} whole={whole} />
              <ResultScores whole={whole} />
              <details class="card eval-section">
                <summary>The sample as it is written</summary>
                <pre class="eval-json">{JSON.stringify(whole.sample, null, 2)}</pre>
              </details>
            </div>
          </div>
        </>
      )}
    </Ready>
  );
}

const WHO: Record<SaidInTrial["role"], string> = {
  customer: "Customer",
  ai_agent: "AI agent",
  human_agent: "Human agent",
  system: "Notice",
};

export function Talk({ trial }: { trial: EvalTrial }): VNode {
  const turns = trial.turns ?? [];
  const messages = trial.messages ?? [];
  /** A turn is shown once, under the last message that belongs to it. */
  const last = new Map(messages.map((one, place) => [one.turn, place]));
  return (
    <ol class="eval-talk">
      {messages.map((one, place) => {
        const turn = one.turn === null || one.turn === undefined ? undefined : turns[one.turn];
        return (
          <li key={place} class={`eval-said eval-${one.role}`}>
            <b>{WHO[one.role]}</b>
            <p>{one.text}</p>
            {(one.citations ?? []).map((source) => (
              <small key={source.marker}>
                [{source.marker}] {source.title} ({source.article})
              </small>
            ))}
            {turn && last.get(one.turn) === place && <TurnTrace turn={turn} />}
          </li>
        );
      })}
      {trial.error && (
        <li class="eval-said">
          <b>The run broke off</b>
          <p role="alert">{trial.error}</p>
        </li>
      )}
    </ol>
  );
}

function TurnTrace({ turn }: { turn: TurnTaken }): VNode {
  const found = (turn.retrieved ?? []).slice(0, 5);
  return (
    <details class="eval-trace">
      <summary>
        {turn.decision.replace("_", " ")}
        {turn.reason && `: ${reasonWords(turn.reason)}`}, confidence{" "}
        {(turn.confidence ?? 0).toFixed(2)}, {(turn.seconds ?? 0).toFixed(2)} s
      </summary>
      {turn.detail && <p>{turn.detail}</p>}
      {turn.question && <p>Searched for: {turn.question}</p>}
      {found.length > 0 && (
        <p>Found: {found.map((hit) => `${hit.title} (${hit.score.toFixed(2)})`).join(", ")}</p>
      )}
      {(turn.tool_calls ?? []).map((call, place) => (
        <p key={place}>
          Called <code>{call.tool}</code> with <code>{JSON.stringify(call.arguments)}</code>:{" "}
          {call.code}. {call.message}
        </p>
      ))}
    </details>
  );
}

function ResultScores({ whole }: { whole: WholeResult }): VNode {
  const { values = {}, failed = {} } = whole.result.row;
  return (
    <section class="card eval-section" aria-labelledby="scores">
      <h2 id="scores">
        Scores <Mark passed={whole.result.passed} />
      </h2>
      <dl class="eval-scores">
        {Object.entries(values).map(([name, value]) => (
          <div key={name} class={name in failed ? "eval-bad" : undefined}>
            <dt>{name}</dt>
            <dd>
              {percent(value)}
              {failed[name] && <small>{failed[name]}</small>}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Label({ loaded, whole }: { loaded: Loaded<WholeResult>; whole: WholeResult }): VNode {
  const { verdict } = whole.result;
  const [note, setNote] = useState(whole.result.note);
  const field = useId();
  return (
    <section class="card eval-section" aria-labelledby="label">
      <h2 id="label">Is it right?</h2>
      <p class="quiet">
        Your judgement beside the scores: where they differ, one of them needs mending.
      </p>
      <label for={field}>Why (optional)</label>
      <textarea
        id={field}
        class="input"
        rows={2}
        maxLength={2000}
        value={note}
        onInput={(event) => setNote(event.currentTarget.value)}
      />
      <div class="card-actions">
        {(["right", "wrong"] as const).map((each) => (
          <button
            key={each}
            type="button"
            class={verdict === each ? "button button-primary" : "button"}
            aria-pressed={verdict === each}
            onClick={() => void say(loaded, each, note)}
          >
            {each === "right" ? "Right" : "Wrong"}
          </button>
        ))}
        {verdict && (
          <button type="button" class="link" onClick={() => void say(loaded, null, "")}>
            Take back
          </button>
        )}
      </div>
    </section>
  );
}
