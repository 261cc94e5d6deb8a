import type { Assurance, Conversation } from "@baton/shared/types";
import type { VNode } from "preact";
import { customerName } from "../state/inbox.ts";
import { type Action, availableActions, type DeskVerb } from "../state/permissions.ts";
import { untilWords } from "../state/snooze.ts";
import type { OpenConversation } from "../stores/conversation.ts";
import { proposeSample } from "../stores/evals.ts";
import { focusComposer } from "../stores/page.ts";
import { go } from "../stores/place.ts";
import { me } from "../stores/session.ts";
import { STATUS_WORDS } from "../words.ts";
import { AssignMenu } from "./assignMenu.tsx";
import { Avatar } from "./avatar.tsx";
import { Icon } from "./icons.tsx";
import { Waiting } from "./list.tsx";
import { SnoozeMenu } from "./snoozeMenu.tsx";

const TEST_IDS: Record<DeskVerb, string> = {
  claim: "claim",
  assign: "assign",
  release: "release",
  return_to_ai: "return-to-ai",
  snooze: "snooze",
  resolve: "resolve",
  reopen: "reopen",
};

export function ConversationHeader({ open }: { open: OpenConversation }): VNode | null {
  const conversation = open.timeline.value?.conversation;
  const human = me.value;
  if (!conversation || !human) return null;
  const name = customerName(conversation.customer);
  return (
    <header class="pane-head">
      <button
        type="button"
        class="icon-button only-narrow"
        aria-label="Back to the list"
        data-testid="back"
        onClick={() => go({ conversation: null })}
      >
        <Icon name="back" />
      </button>
      <Avatar id={conversation.customer.id} name={name} />
      <div class="pane-who">
        <h2>
          {name}
          <Proof open={open} conversation={conversation} />
        </h2>
        <p>
          <StatusLine conversation={conversation} me={human.id} />
          {conversation.subject && <span class="pane-subject">{conversation.subject}</span>}
        </p>
      </div>
      <div class="pane-actions" role="toolbar" aria-label="Conversation actions">
        {human.role !== "viewer" && (
          <button
            type="button"
            class="icon-button"
            aria-label="Make a sample for the evals"
            title="Make a sample for the evals"
            data-testid="make-sample"
            onClick={() => void proposeSample(conversation.id)}
          >
            <Icon name="evals" />
          </button>
        )}
        {availableActions(conversation, human.id)
          .toReversed()
          .map((action) => (
            <ActionButton key={action.verb} open={open} action={action} />
          ))}
      </div>
    </header>
  );
}

/** How it is proven who the customer is: the label, and what it rests on. */
const PROOFS: Record<Assurance, readonly [string, string]> = {
  anonymous: ["Not verified", "This person has not signed in."],
  claimed: [
    "Named, not verified",
    "The website named this customer; nobody vouched for it lately.",
  ],
  signed: ["Signed in", "Signed in; the shop vouched for this customer."],
  verified: ["Verified by code", "Entered a code that was sent to the address on file."],
};

function Proof(props: { open: OpenConversation; conversation: Conversation }): VNode {
  const { customer } = props.conversation;
  const proof = props.open.brief.value?.customer.proof;
  const [label, meaning] = PROOFS[customer.assurance];
  if (!customer.verified) {
    return (
      <span class="proof proof-none" title={proof ?? meaning}>
        {label}
      </span>
    );
  }
  return (
    <span class="proof" title={customer.assurance === "verified" ? meaning : (proof ?? meaning)}>
      <Icon name="shield" />
      {label}
      {customer.email && <span class="proof-email">{customer.email}</span>}
    </span>
  );
}

function StatusLine({ conversation, me }: { conversation: Conversation; me: string }): VNode {
  const { status, assignee, queued_at, snoozed_until } = conversation;
  const owner = assignee?.id === me ? "Yours" : `With ${assignee?.display_name ?? "a colleague"}`;
  return (
    <span class={`status status-${status}`} data-testid="status" data-status={status}>
      <i aria-hidden="true" />
      {status === "assigned" ? owner : STATUS_WORDS[status]}
      {status === "snoozed" && snoozed_until && ` until ${untilWords(snoozed_until, new Date())}`}
      {status === "queued" && queued_at && <Waiting since={queued_at} />}
    </span>
  );
}

function ActionButton({ open, action }: { open: OpenConversation; action: Action }): VNode {
  const { verb, label, primary } = action;
  if (verb === "assign") return <AssignMenu open={open} label={label} />;
  if (verb === "snooze") return <SnoozeMenu open={open} label={label} />;
  const busy = open.busy.value;
  const run = async (): Promise<void> => {
    if ((await open.act(verb)) && verb === "claim") focusComposer("reply");
  };
  return (
    <button
      type="button"
      class={primary ? "button button-primary" : "button"}
      data-testid={TEST_IDS[verb]}
      disabled={busy !== null}
      aria-busy={busy === verb}
      onClick={() => void run()}
    >
      {label}
    </button>
  );
}
