import type { Outlook } from "@baton/shared/types";
import type { VNode } from "preact";
import { useId, useState } from "preact/hooks";
import { approvals, outlook, reconcile, refunds, unfreeze } from "../../stores/actions.ts";
import { railOpen } from "../../stores/page.ts";
import { wordsOf } from "../../stores/session.ts";
import { Icon } from "../icons.tsx";
import { ActionView } from "./actionView.tsx";
import { OUTCOME, REASONS } from "./words.ts";

/** What waits for approval, whether the books agree, and what the policy says about an order. */
export function ActionsPage(): VNode {
  return (
    <section class="knowledge actions-page" aria-label="Actions">
      <header class="page-head">
        <button
          type="button"
          class="icon-button only-narrow"
          aria-label="Views and team"
          onClick={() => {
            railOpen.value = true;
          }}
        >
          <Icon name="menu" />
        </button>
        <div class="page-title">
          <h1>Actions</h1>
          <p>What a person must approve, and whether our books agree with the provider's.</p>
        </div>
      </header>
      <div class="actions-columns">
        <Waiting />
        <div>
          <Books />
          <AskPolicy />
        </div>
      </div>
    </section>
  );
}

function Waiting(): VNode {
  const waiting = approvals.value;
  return (
    <section aria-labelledby="waiting">
      <h2 id="waiting">Waiting for approval ({waiting.length})</h2>
      {refunds.value === null && <p class="quiet">No shop is connected.</p>}
      {refunds.value !== null && waiting.length === 0 && (
        <p class="quiet">Nothing waits. Refunds within the limits go out by themselves.</p>
      )}
      {waiting.map((action) => (
        <ActionView
          key={action.card.id}
          action={action}
          to={`/console/c/${encodeURIComponent(action.conversation_id)}`}
        />
      ))}
    </section>
  );
}

function Books(): VNode | null {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const state = refunds.value;
  if (state === null) return null;
  async function run(work: () => Promise<void>): Promise<void> {
    setBusy(true);
    setProblem("");
    try {
      await work();
    } catch (refusal) {
      setProblem(wordsOf(refusal));
    } finally {
      setBusy(false);
    }
  }
  const { report, frozen } = state;
  return (
    <section class="books" aria-labelledby="books" data-testid="books">
      <h2 id="books">Books</h2>
      {frozen ? (
        <p role="alert" class="action-problem">
          Automatic refunds are stopped. {frozen}
        </p>
      ) : (
        <p>Automatic refunds go out.</p>
      )}
      {report === null ? (
        <p class="quiet">Not compared since the service started.</p>
      ) : (
        <p data-testid="report">
          {report.agreed} agree, {report.pending} pending, {report.undone} undone by the bank,{" "}
          {report.elsewhere} made elsewhere, {report.mismatches.length} do not agree.
        </p>
      )}
      {report && report.mismatches.length > 0 && (
        <ul>
          {report.mismatches.map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      )}
      {problem && (
        <p role="alert" class="action-problem">
          {problem}
        </p>
      )}
      <div class="action-buttons">
        <button
          type="button"
          class="button"
          data-testid="reconcile"
          disabled={busy}
          onClick={() => void run(reconcile)}
        >
          Compare now
        </button>
        {frozen && (
          <button
            type="button"
            class="button"
            data-testid="unfreeze"
            disabled={busy}
            onClick={() => void run(unfreeze)}
          >
            I have looked: let refunds go out again
          </button>
        )}
      </div>
    </section>
  );
}

function AskPolicy(): VNode | null {
  const id = useId();
  const [customer, setCustomer] = useState("");
  const [order, setOrder] = useState("");
  const [found, setFound] = useState<Outlook | null>(null);
  const [problem, setProblem] = useState("");
  if (refunds.value === null) return null;
  async function ask(event: Event): Promise<void> {
    event.preventDefault();
    setProblem("");
    try {
      setFound(await outlook(customer, order));
    } catch (refusal) {
      setFound(null);
      setProblem(wordsOf(refusal));
    }
  }
  return (
    <section class="ask-policy" aria-labelledby="ask-policy">
      <h2 id="ask-policy">Would this order get a refund today?</h2>
      <form onSubmit={(event) => void ask(event)}>
        <label for={`${id}c`}>Customer's id in the shop</label>
        <input
          id={`${id}c`}
          data-testid="policy-customer"
          required
          maxLength={200}
          value={customer}
          onInput={(event) => setCustomer(event.currentTarget.value)}
        />
        <label for={`${id}o`}>Order number</label>
        <input
          id={`${id}o`}
          data-testid="policy-order"
          required
          maxLength={64}
          value={order}
          onInput={(event) => setOrder(event.currentTarget.value)}
        />
        <button type="submit" class="button" data-testid="ask-policy">
          Ask the policy
        </button>
      </form>
      {problem && (
        <p role="alert" class="action-problem">
          {problem}
        </p>
      )}
      {found && <Answers found={found} />}
    </section>
  );
}

function Answers({ found }: { found: Outlook }): VNode {
  return (
    <div class="table-place" data-testid="outlook">
      <p>
        Order {found.order_number}, {found.state.replaceAll("_", " ")}. Policy{" "}
        {found.policy_version}.
      </p>
      <table>
        <thead>
          <tr>
            <th scope="col">If the customer says</th>
            <th scope="col">Then</th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {found.answers.map((answer) => (
            <tr key={answer.reason}>
              <th scope="row">{REASONS[answer.reason] ?? answer.reason}</th>
              <td>
                {OUTCOME[answer.outcome] ?? answer.outcome}
                {answer.amount && `: ${answer.amount}`}
              </td>
              <td>
                {answer.words} {answer.needs_person} <code>{answer.rule}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
