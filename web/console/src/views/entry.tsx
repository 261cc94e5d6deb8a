import { clockTime } from "@baton/shared/time";
import type { StatusChanged, Trace } from "@baton/shared/types";
import type { VNode } from "preact";
import { useId, useState } from "preact/hooks";
import type { Entry } from "../state/timeline.ts";
import type { OpenConversation } from "../stores/conversation.ts";
import { me } from "../stores/session.ts";
import {
  CLOCK_WORDS,
  ratingWords,
  reasonWords,
  routedWords,
  tagWords,
  transitionWords,
} from "../words.ts";
import { Icon, type IconName } from "./icons.tsx";
import { MessageItem } from "./message.tsx";
import { WhyPanel, WhyToggle } from "./why.tsx";

export function EntryRow(props: {
  entry: Entry;
  continued: boolean;
  open: OpenConversation;
}): VNode | null {
  const { entry, open } = props;
  switch (entry.kind) {
    case "message":
      return <MessageItem message={entry.message} continued={props.continued} open={open} />;
    case "transition":
      return <Transition change={entry.change} />;
    case "verified":
      return (
        <SystemLine icon="shield" at={entry.at}>
          The customer entered the code that was sent to the address on file
        </SystemLine>
      );
    case "identified":
      return (
        <SystemLine icon="shield" at={entry.at}>
          {entry.name ?? "The customer"} signed in and is verified
        </SystemLine>
      );
    case "rating":
      return (
        <SystemLine icon="ratings" at={entry.at}>
          {ratingWords(entry.rating)}
          {entry.rating.remark && <q class="remark">{entry.rating.remark}</q>}
        </SystemLine>
      );
    case "sla":
      return (
        <SystemLine icon="flag" at={entry.at}>
          {CLOCK_WORDS[entry.told.clock]}
          {entry.breached ? " is overdue" : " is due soon"}
        </SystemLine>
      );
    case "tags":
      return (
        <SystemLine icon="tag" at={entry.at}>
          {tagWords(entry.tags, me.value?.id ?? "")}
        </SystemLine>
      );
    case "routed":
      return (
        <SystemLine icon="rules" at={entry.at}>
          {routedWords(entry.routed)}
        </SystemLine>
      );
    default:
      return (
        <SilentTurn
          turnId={entry.turnId}
          trace={open.timeline.value?.traces[entry.turnId]}
          at={entry.at}
        />
      );
  }
}

const VERB_ICONS: Record<StatusChanged["verb"], IconName> = {
  hand_off: "queue",
  claim: "mine",
  assign: "mine",
  release: "queue",
  return_to_ai: "automated",
  snooze: "moon",
  resolve: "resolved",
  reopen: "refresh",
};

function Transition({ change }: { change: StatusChanged }): VNode {
  const why = change.verb === "hand_off" && change.reason ? ` · ${reasonWords(change.reason)}` : "";
  return (
    <SystemLine icon={VERB_ICONS[change.verb] ?? "next"} at={change.at} verb={change.verb}>
      {transitionWords(change, me.value?.id ?? "")}
      {why}
    </SystemLine>
  );
}

function SystemLine(props: {
  icon: IconName;
  at: string;
  verb?: string;
  children: preact.ComponentChildren;
}): VNode {
  return (
    <p class="system-line" data-testid="system-line" data-verb={props.verb}>
      <Icon name={props.icon} />
      <span>{props.children}</span>
      <time dateTime={props.at}>{clockTime(props.at)}</time>
    </p>
  );
}

/** A turn that ended in a handoff without a message: its reasons are still worth reading. */
function SilentTurn(props: { trace: Trace | undefined; turnId: string; at: string }): VNode | null {
  const { trace, turnId, at } = props;
  const [shown, setShown] = useState(false);
  const id = useId();
  if (!trace) return null;
  return (
    <div class="silent-turn">
      <SystemLine icon="automated" at={at}>
        The AI agent chose not to answer
      </SystemLine>
      <WhyToggle
        trace={trace}
        shown={shown}
        controls={id}
        label="Why not"
        onToggle={() => setShown(!shown)}
      />
      {shown && <WhyPanel trace={trace} id={id} turnId={turnId} />}
    </div>
  );
}
