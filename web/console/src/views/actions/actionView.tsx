import { clockTime } from "@baton/shared/time";
import type { Action } from "@baton/shared/types";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { judge } from "../../stores/actions.ts";
import { wordsOf } from "../../stores/session.ts";
import { actorWords, STANDING, stateWords } from "./words.ts";

/** One action with everything an approval needs: what, how much, where to, why a person, and the exact payload. */
export function ActionView({ action, to }: { action: Action; to?: string }): VNode {
  const { card } = action;
  return (
    <article
      class="action"
      data-testid="action"
      data-standing={card.standing}
      aria-label={`${card.title} ${card.amount ?? ""}`}
    >
      <header class="action-head">
        <h3>
          {card.title} {card.amount}
        </h3>
        <span class={`action-chip is-${card.standing}`}>{STANDING[card.standing]}</span>
      </header>
      <p class="action-line">
        {card.lines.map((line) => `${line.quantity} × ${line.name}`).join(", ")}
        {to && (
          <>
            {" "}
            · <a href={to}>{action.customer_name ?? "Customer"}</a>
          </>
        )}
      </p>
      <dl class="action-rows">
        {card.rows.map((row) => (
          <div key={row.label}>
            <dt>{row.label}</dt>
            <dd>{row.value}</dd>
          </div>
        ))}
        {action.requested_by && (
          <div>
            <dt>Proposed by</dt>
            <dd>{action.requested_by}</dd>
          </div>
        )}
      </dl>
      {action.approval && (
        <p class="action-why">
          <strong>Why a person is needed:</strong> {action.approval}
        </p>
      )}
      {action.approval === null && action.note && <p class="action-why">{action.note}</p>}
      {card.standing === "waiting" && <Judging action={action} />}
      <History action={action} />
    </article>
  );
}

function Judging({ action }: { action: Action }): VNode {
  const [busy, setBusy] = useState(false);
  const [why, setWhy] = useState("");
  const [problem, setProblem] = useState("");
  if (action.mine) {
    return <p class="action-why">You proposed this. A colleague has to approve it.</p>;
  }
  async function decide(verb: "approve" | "refuse"): Promise<void> {
    setBusy(true);
    setProblem("");
    try {
      await judge(action, verb, why);
    } catch (refusal) {
      setProblem(wordsOf(refusal));
    } finally {
      setBusy(false);
    }
  }
  return (
    <div class="action-judge">
      <label>
        <span>If you refuse: why, in words for the customer</span>
        <input
          type="text"
          maxLength={500}
          value={why}
          onInput={(event) => setWhy(event.currentTarget.value)}
        />
      </label>
      {problem && (
        <p role="alert" class="action-problem">
          {problem}
        </p>
      )}
      <div class="action-buttons">
        <button
          type="button"
          class="button button-primary"
          data-testid="approve"
          disabled={busy}
          onClick={() => void decide("approve")}
        >
          Approve {action.card.amount}
        </button>
        <button
          type="button"
          class="button"
          data-testid="refuse"
          disabled={busy}
          onClick={() => void decide("refuse")}
        >
          Refuse
        </button>
      </div>
    </div>
  );
}

function History({ action }: { action: Action }): VNode {
  return (
    <details class="action-history">
      <summary>History and exact payload</summary>
      <ol>
        {action.entries.map((entry) => (
          <li key={`${entry.at}${entry.state}`}>
            <time dateTime={entry.at}>{clockTime(entry.at)}</time> {stateWords(entry.state)} ·{" "}
            {actorWords(entry.actor_kind, entry.actor_name)}
            {entry.detail && <> · {entry.detail}</>}
          </li>
        ))}
      </ol>
      <p>
        Digest <code>{action.digest}</code>
      </p>
      <pre>{JSON.stringify(action.payload, null, 2)}</pre>
    </details>
  );
}
