import { isSafeHref } from "@baton/shared/richText";
import type { Brief } from "@baton/shared/types";
import type { ComponentChildren, VNode } from "preact";
import type { OpenConversation } from "../stores/conversation.ts";
import { toast } from "../stores/page.ts";
import { briefOpen, foldBrief } from "../stores/settings.ts";
import { flash } from "./flash.ts";
import { Icon, type IconName } from "./icons.tsx";
import { ReasonChip } from "./list.tsx";

/** What the person must know before the first word, pinned above the messages. */
export function BriefCard({ open }: { open: OpenConversation }): VNode | null {
  const brief = open.brief.value;
  if (brief === null) return null;
  const expanded = briefOpen.value;
  return (
    <section class="brief" aria-label="Brief" data-testid="brief">
      <button type="button" class="brief-head" aria-expanded={expanded} onClick={foldBrief}>
        <span class="brief-title">Brief</span>
        <ReasonChip code={brief.reason.code} />
        <span class="brief-line">{expanded ? brief.reason.detail : brief.wants.text}</span>
        <span class="brief-fold">
          <Icon name="chevron" />
        </span>
      </button>
      {expanded && <BriefBody open={open} brief={brief} />}
    </section>
  );
}

function BriefBody({ open, brief }: { open: OpenConversation; brief: Brief }): VNode {
  const [wanted] = brief.wants.message_ids;
  return (
    <div class="brief-body">
      <Field icon="mine" title="Wants" wide>
        <Jump open={open} to={wanted}>
          <q>{brief.wants.text}</q>
        </Jump>
        <SaidIn open={open} ids={brief.wants.message_ids} />
      </Field>
      {brief.next_step && (
        <Field icon="next" title="Suggested next step" accent>
          {brief.next_step}
        </Field>
      )}
      <Answered open={open} brief={brief} />
      <Tools open={open} brief={brief} />
      <Actions brief={brief} />
      {brief.promises.length > 0 && (
        <Field icon="flag" title="Promises open">
          {brief.promises.map((promise) => (
            <Jump key={promise.text} open={open} to={promise.message_id}>
              {promise.text}
            </Jump>
          ))}
        </Field>
      )}
      <dl class="brief-facts">
        <Fact name="Customer" value={brief.customer.proof} />
        <Fact name="Language" value={brief.language} />
        <Fact name="Mood" value={brief.mood} />
      </dl>
    </div>
  );
}

/** Words gathered from several messages lead to each of them. */
function SaidIn({ open, ids }: { open: OpenConversation; ids: string[] }): VNode | null {
  if (ids.length < 2) return null;
  return (
    <p class="said-in">
      Said in {ids.length} messages:
      {ids.map((id, i) => (
        <Jump key={id} open={open} to={id} label={`Show message ${i + 1}`}>
          {i + 1}
        </Jump>
      ))}
    </p>
  );
}

function Field(props: {
  icon: IconName;
  title: string;
  wide?: boolean;
  accent?: boolean;
  children: ComponentChildren;
}): VNode {
  const tone = `${props.wide ? " brief-wide" : ""}${props.accent ? " brief-accent" : ""}`;
  return (
    <div class={`brief-field${tone}`}>
      <h3>
        <Icon name={props.icon} />
        {props.title}
      </h3>
      <div class="brief-text">{props.children}</div>
    </div>
  );
}

function Answered({ open, brief }: { open: OpenConversation; brief: Brief }): VNode | null {
  if (brief.answered.length === 0) return null;
  return (
    <Field icon="automated" title="AI agent already answered">
      {brief.answered.map((each) => (
        <div key={each.message_id} class="brief-answer">
          <Jump open={open} to={each.message_id}>
            {each.answer}
          </Jump>
          {each.sources.map((source) => (
            <Source key={source.article_id} {...source} />
          ))}
        </div>
      ))}
    </Field>
  );
}

function Tools({ open, brief }: { open: OpenConversation; brief: Brief }): VNode | null {
  if (brief.tools.length === 0) return null;
  return (
    <Field icon="tool" title="Looked up">
      {brief.tools.map((tool) => (
        <Jump key={tool.call_id} open={open} to={messageOfTurn(open, tool.turn_id)}>
          <span class={tool.ok ? "outcome outcome-ok" : "outcome outcome-bad"}>
            <Icon name={tool.ok ? "check" : "cross"} />
            <span class="visually-hidden">{tool.ok ? "worked" : "did not work"}</span>
          </span>
          {tool.summary}
        </Jump>
      ))}
    </Field>
  );
}

/** Changes that were offered or confirmed; the cards below in the conversation hold the whole of each. */
function Actions({ brief }: { brief: Brief }): VNode | null {
  if (!brief.actions?.length) return null;
  return (
    <Field icon="flag" title="Actions">
      {brief.actions.map((action) => (
        <p key={action.action_id}>
          {action.state === "failed" && (
            <span class="outcome outcome-bad">
              <Icon name="cross" />
            </span>
          )}
          {action.text}
        </p>
      ))}
    </Field>
  );
}

export function Source({ title, url }: { title: string; url: string | null }): VNode {
  if (url === null || !isSafeHref(url)) return <span class="source">{title}</span>;
  return (
    <a class="source" href={url} target="_blank" rel="noopener noreferrer">
      {title}
      <Icon name="jump" />
    </a>
  );
}

function Fact({ name, value }: { name: string; value: string }): VNode | null {
  if (!value) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** Text that leads to the message it came from; plain text when the record names none. */
function Jump(props: {
  open: OpenConversation;
  to: string | undefined;
  label?: string;
  children: ComponentChildren;
}): VNode {
  const { open, to, children } = props;
  if (!to) return <p>{children}</p>;
  const jump = async (): Promise<void> => {
    if (await open.reach(to)) flash(to);
    else toast("That message is not in this conversation any more.");
  };
  return (
    <button
      type="button"
      class="jump"
      aria-label={props.label}
      title="Show the message"
      data-message-id={to}
      onClick={() => void jump()}
    >
      {children}
    </button>
  );
}

function messageOfTurn(open: OpenConversation, turnId: string): string | undefined {
  const entries = open.timeline.value?.entries ?? [];
  for (const entry of entries)
    if (entry.kind === "message" && entry.message.turn_id === turnId) return entry.message.id;
  return undefined;
}
