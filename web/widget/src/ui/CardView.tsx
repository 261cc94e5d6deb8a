import { clockTime } from "@baton/shared/time";
import type { ActionCard } from "@baton/shared/types";
import type { VNode } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Refusal } from "../api.ts";
import type { Chat } from "../chat.ts";

const BADGE: Record<ActionCard["standing"], string> = {
  open: "Please confirm",
  waiting: "Being checked",
  pending: "Pending",
  done: "Done",
  failed: "Did not go through",
  refused: "Not approved",
  expired: "Ended",
  withdrawn: "No longer open",
};

/** What the server offers to do, and the one place where a customer says yes to it. */
export function CardView({ chat, card }: { chat: Chat; card: ActionCard }): VNode {
  const heading = useId();
  const box = useRef<HTMLElement>(null);
  const [working, setWorking] = useState(false);
  const [problem, setProblem] = useState("");
  const open = card.standing === "open";
  useFocusKept(box, open);

  async function settle(verb: "confirm" | "decline"): Promise<void> {
    setWorking(true);
    setProblem("");
    try {
      await chat.settle(card, verb);
    } catch (error) {
      setProblem(
        error instanceof Refusal
          ? error.detail
          : "We could not be reached. Nothing was sent twice.",
      );
    } finally {
      setWorking(false);
    }
  }

  return (
    <section
      ref={box}
      class={`card is-${card.standing}`}
      data-testid="action-card"
      data-standing={card.standing}
      aria-labelledby={heading}
      tabIndex={-1}
    >
      <header class="card-head">
        <h3 id={heading}>
          {card.title}
          {card.amount !== null && <strong class="card-amount"> {card.amount}</strong>}
        </h3>
        <span class="badge" data-testid="card-badge">
          {BADGE[card.standing]}
        </span>
      </header>
      {card.lines.length > 0 && (
        <ul class="card-lines">
          {card.lines.map((line) => (
            <li key={line.name}>
              <span>
                {line.quantity} × {line.name}
              </span>
              {line.amount !== null && <span>{line.amount}</span>}
            </li>
          ))}
        </ul>
      )}
      <dl class="card-rows">
        {card.rows.map((row) => (
          <div key={row.label}>
            <dt>{row.label}</dt>
            <dd>{row.value}</dd>
          </div>
        ))}
      </dl>
      <p class="card-note" role="status">
        {card.note}
        {open && ` Open until ${clockTime(card.expires_at)}.`}
      </p>
      {problem !== "" && (
        <p class="card-problem" role="alert">
          {problem}
        </p>
      )}
      {open && (
        <p class="card-buttons">
          <button
            type="button"
            class="button button-primary"
            data-testid="confirm-action"
            disabled={working}
            onClick={() => void settle("confirm")}
          >
            {working ? "Confirming…" : card.confirm}
          </button>
          <button
            type="button"
            class="button"
            data-testid="decline-action"
            disabled={working}
            onClick={() => void settle("decline")}
          >
            No, thanks
          </button>
        </p>
      )}
    </section>
  );
}

/** The pressed button goes away with the offer: focus stays on the card, not at the top of the page. */
function useFocusKept(box: { current: HTMLElement | null }, open: boolean): void {
  const had = useRef(false);
  const root = box.current?.getRootNode() as Document | ShadowRoot | undefined;
  if (open) had.current = box.current?.contains(root?.activeElement ?? null) ?? false;
  useEffect(() => {
    if (!open && had.current) box.current?.focus();
  }, [open]);
}
