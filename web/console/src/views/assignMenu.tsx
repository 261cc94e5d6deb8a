import type { VNode } from "preact";
import type { OpenConversation } from "../stores/conversation.ts";
import { inbox } from "../stores/inbox.ts";
import { me } from "../stores/session.ts";
import { Avatar } from "./avatar.tsx";
import { Menu } from "./menu.tsx";

interface Props {
  open: OpenConversation;
  label: string;
}

/** Gives the conversation to somebody of the team. */
export function AssignMenu({ open, label }: Props): VNode {
  const busy = open.busy.value !== null;
  return (
    <Menu label={label} name="Assign to" testid="assign" disabled={busy}>
      {(close) => <People open={open} onChosen={close} />}
    </Menu>
  );
}

function People({ open, onChosen }: { open: OpenConversation; onChosen: () => void }): VNode {
  const owner = open.timeline.value?.conversation.assignee?.id;
  const mine = me.value?.id;
  const people = (inbox.value?.human_agents ?? [])
    .filter((person) => person.id !== owner)
    .toSorted((a, b) => Number(b.id === mine) - Number(a.id === mine));
  return (
    <>
      {people.length === 0 && <p class="menu-empty">Nobody else is on the team yet.</p>}
      {people.map((person) => (
        <button
          key={person.id}
          type="button"
          role="menuitem"
          class="menu-item"
          onClick={() => {
            onChosen();
            void open.act("assign", { human_agent_id: person.id });
          }}
        >
          <Avatar id={person.id} name={person.display_name} small />
          <span>{person.id === mine ? "Me" : person.display_name}</span>
          <small>{person.online ? (person.available ? "available" : "away") : "offline"}</small>
        </button>
      ))}
    </>
  );
}
