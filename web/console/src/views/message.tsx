import { RichText } from "@baton/shared/richText";
import { clockTime } from "@baton/shared/time";
import type { Citation, Message } from "@baton/shared/types";
import type { VNode } from "preact";
import { useId, useState } from "preact/hooks";
import { customerName } from "../state/inbox.ts";
import type { Pending } from "../state/timeline.ts";
import type { OpenConversation } from "../stores/conversation.ts";
import { me } from "../stores/session.ts";
import { Avatar } from "./avatar.tsx";
import { Source } from "./brief.tsx";
import { Icon } from "./icons.tsx";
import { WhyPanel, WhyToggle } from "./why.tsx";

export function MessageItem(props: {
  message: Message;
  continued: boolean;
  open: OpenConversation;
}): VNode {
  const { message, open, continued } = props;
  if (message.author.kind === "system") return <SystemMessage message={message} />;
  const note = message.visibility === "note";
  const look = note ? "note" : message.author.kind;
  return (
    <article
      id={`message-${message.id}`}
      class={`message message-${look}${continued ? " message-continued" : ""}`}
      data-testid="message"
      data-author={message.author.kind}
      data-visibility={message.visibility}
      data-seq={message.seq}
      tabIndex={-1}
    >
      {!continued && <Byline message={message} open={open} />}
      <div class="bubble rich">
        <RichBody message={message} />
      </div>
      {message.state === "interrupted" && (
        <p class="message-extra">The customer saw this much; the answer was not finished.</p>
      )}
      {message.request === "sign_in" && (
        <p class="message-extra">The customer was offered to sign in.</p>
      )}
      {message.request === "verify" && (
        <p class="message-extra">The customer was offered a code to the address on file.</p>
      )}
      <Why message={message} open={open} />
    </article>
  );
}

function SystemMessage({ message }: { message: Message }): VNode {
  return (
    <p
      id={`message-${message.id}`}
      class="system-line system-said"
      data-testid="message"
      data-author="system"
      tabIndex={-1}
    >
      <span>Customer was told: “{message.text}”</span>
      <time dateTime={message.created_at}>{clockTime(message.created_at)}</time>
    </p>
  );
}

function Byline({ message, open }: { message: Message; open: OpenConversation }): VNode {
  const { author, visibility } = message;
  const customer = open.timeline.value?.conversation.customer;
  const names = {
    customer: customer ? customerName(customer) : "Customer",
    ai_agent: "AI agent",
    human_agent: author.display_name ?? "A colleague",
    system: "Baton",
  };
  const mine = author.kind === "human_agent" && author.id === me.value?.id;
  const name = mine ? "You" : names[author.kind];
  return (
    <header class="byline">
      {author.kind === "ai_agent" ? (
        <span class="avatar avatar-small avatar-ai" aria-hidden="true">
          <Icon name="spark" />
        </span>
      ) : (
        <Avatar id={author.id ?? author.kind} name={names[author.kind]} small />
      )}
      <strong>{name}</strong>
      {visibility === "note" && <NoteLabel />}
      <time dateTime={message.created_at}>{clockTime(message.created_at)}</time>
    </header>
  );
}

function NoteLabel(): VNode {
  return (
    <span class="note-label">
      <Icon name="lock" />
      Only your team sees this
    </span>
  );
}

/** The text and its sources; a source's quote opens below by its number. */
function RichBody({ message }: { message: Message }): VNode {
  const [shown, setShown] = useState<Citation | null>(null);
  const { body, citations, text } = message;
  const toggle = (citation: Citation): void => {
    setShown(shown?.marker === citation.marker ? null : citation);
  };
  return (
    <>
      {body.length > 0 ? (
        <RichText body={body} citations={citations} onCite={toggle} />
      ) : (
        <p class="plain">{text}</p>
      )}
      {citations.length > 0 && (
        <ul class="sources">
          {citations.map((citation) => (
            <li key={citation.marker}>
              <span class="source-number">{citation.marker}</span>
              <Source title={citation.title} url={citation.url} />
            </li>
          ))}
        </ul>
      )}
      {shown && (
        <blockquote class="quote">
          <strong>{shown.heading || shown.title}</strong>
          {shown.quote}
        </blockquote>
      )}
    </>
  );
}

function Why({ message, open }: { message: Message; open: OpenConversation }): VNode | null {
  const [shown, setShown] = useState(false);
  const id = useId();
  const trace = message.turn_id ? open.timeline.value?.traces[message.turn_id] : undefined;
  if (message.author.kind !== "ai_agent" || !trace) return null;
  return (
    <>
      <WhyToggle
        trace={trace}
        shown={shown}
        controls={id}
        label={trace.decision === "handoff" ? "Why it handed off" : "Why this answer"}
        onToggle={() => setShown(!shown)}
      />
      {shown && <WhyPanel trace={trace} id={id} turnId={message.turn_id} />}
    </>
  );
}

export function PendingItem(props: { open: OpenConversation; pending: Pending }): VNode {
  const { open, pending } = props;
  const look = pending.visibility === "note" ? "note" : "human_agent";
  const state = pending.problem ? "failed" : "sending";
  return (
    <article
      class={`message message-${look} message-${state}`}
      data-testid="message"
      data-author="human_agent"
      data-state={state}
    >
      <header class="byline">
        <strong>You</strong>
        {pending.visibility === "note" && <NoteLabel />}
        {!pending.problem && !pending.held && <span class="sending">Sending…</span>}
        {pending.held && (
          <span class="sending">
            Sent in a moment{" "}
            <button
              type="button"
              class="link"
              data-testid="take-back"
              onClick={() => open.takeBack(pending.clientId)}
            >
              Undo
            </button>
          </span>
        )}
      </header>
      <div class="bubble rich">
        <p class="plain">{pending.text}</p>
      </div>
      {pending.problem && (
        <p class="send-problem" role="alert">
          {pending.problem}{" "}
          <button
            type="button"
            class="link"
            data-testid="retry"
            onClick={() => open.retry(pending.clientId)}
          >
            Try again
          </button>
          <button type="button" class="link" onClick={() => open.discard(pending.clientId)}>
            Discard
          </button>
        </p>
      )}
    </article>
  );
}
