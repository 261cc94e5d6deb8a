import type { Action } from "@baton/shared/types";
import type { VNode } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import { actionsOf, offerRefund, refunds } from "../../stores/actions.ts";
import type { OpenConversation } from "../../stores/conversation.ts";
import { wordsOf } from "../../stores/session.ts";
import { ActionView } from "./actionView.tsx";
import { REASONS } from "./words.ts";

/** The actions of the open conversation, and a refund that a person offers its customer. */
export function ConversationActions({ open }: { open: OpenConversation }): VNode | null {
  const [actions, setActions] = useState<Action[]>([]);
  const news = open.actionNews.value;
  const waiting = refunds.value?.waiting;
  useEffect(() => {
    let wanted = true;
    actionsOf(open.id)
      .then((found) => {
        if (wanted) setActions(found);
      })
      .catch(() => undefined);
    return () => {
      wanted = false;
    };
  }, [open.id, news, waiting]);
  if (refunds.value === null) return null;
  const under = actions.filter((each) => ["waiting", "pending"].includes(each.card.standing));
  const summary =
    actions.length === 0 ? "none yet" : `${actions.length}, ${under.length} under way`;
  return (
    <details class="brief conversation-actions" data-testid="conversation-actions">
      <summary class="brief-head">
        <span class="brief-title">Actions</span>
        <span class="brief-line">{summary}</span>
      </summary>
      <div class="actions-body">
        {actions.toReversed().map((action) => (
          <ActionView key={action.card.id} action={action} />
        ))}
        <OfferRefund open={open} />
      </div>
    </details>
  );
}

function OfferRefund({ open }: { open: OpenConversation }): VNode {
  const id = useId();
  const [order, setOrder] = useState("");
  const [reason, setReason] = useState("damaged");
  const [busy, setBusy] = useState(false);
  const [words, setWords] = useState<{ text: string; bad: boolean } | null>(null);

  async function offer(event: Event): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setWords(null);
    try {
      const card = await offerRefund(open.id, order, reason);
      setWords({ text: `Offered ${card.amount}. The customer confirms it.`, bad: false });
      setOrder("");
    } catch (refusal) {
      setWords({ text: wordsOf(refusal), bad: true });
    } finally {
      setBusy(false);
    }
  }

  return (
    <form class="offer-refund" onSubmit={(event) => void offer(event)}>
      <h4>Offer a refund</h4>
      <label for={`${id}o`}>Order number</label>
      <input
        id={`${id}o`}
        data-testid="offer-order"
        required
        maxLength={64}
        value={order}
        onInput={(event) => setOrder(event.currentTarget.value)}
      />
      <label for={`${id}r`}>Reason</label>
      <select
        id={`${id}r`}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      >
        {Object.entries(REASONS).map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
      <button type="submit" class="button" data-testid="offer-refund" disabled={busy}>
        Offer
      </button>
      {words && (
        <p role={words.bad ? "alert" : "status"} class={words.bad ? "action-problem" : undefined}>
          {words.text}
        </p>
      )}
    </form>
  );
}
