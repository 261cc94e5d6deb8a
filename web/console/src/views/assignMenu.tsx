import type { VNode } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { OpenConversation } from "../stores/conversation.ts";
import { inbox } from "../stores/inbox.ts";
import { me } from "../stores/session.ts";
import { Avatar } from "./avatar.tsx";
import { Icon } from "./icons.tsx";

/** A button that lists the team. Closes on choice, Escape, or when the focus leaves. */
export function AssignMenu({ open, label }: { open: OpenConversation; label: string }): VNode {
  const [shown, setShown] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  useEffect(() => {
    if (shown) place.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus();
  }, [shown]);

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Escape") {
      setShown(false);
      button.current?.focus();
      return;
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const items = Array.from(place.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? []);
    const at = items.indexOf(document.activeElement as HTMLElement);
    items.at((at + (event.key === "ArrowDown" ? 1 : -1)) % items.length)?.focus();
  };
  const onFocusOut = (event: FocusEvent): void => {
    if (!place.current?.contains(event.relatedTarget as Node | null)) setShown(false);
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys bubble here from the menu's own items
    <div class="menu-place" ref={place} onKeyDown={onKeyDown} onFocusOut={onFocusOut}>
      <button
        ref={button}
        type="button"
        class="button"
        data-testid="assign"
        aria-haspopup="menu"
        aria-expanded={shown}
        aria-controls={id}
        disabled={open.busy.value !== null}
        onClick={() => setShown(!shown)}
      >
        {label}
        <Icon name="chevron" />
      </button>
      {shown && <People id={id} open={open} onChosen={() => setShown(false)} />}
    </div>
  );
}

function People(props: { id: string; open: OpenConversation; onChosen: () => void }): VNode {
  const owner = props.open.timeline.value?.conversation.assignee?.id;
  const mine = me.value?.id;
  const people = (inbox.value?.human_agents ?? [])
    .filter((person) => person.id !== owner)
    .toSorted((a, b) => Number(b.id === mine) - Number(a.id === mine));
  return (
    <div class="menu" role="menu" id={props.id} aria-label="Assign to">
      {people.length === 0 && <p class="menu-empty">Nobody else is on the team yet.</p>}
      {people.map((person) => (
        <button
          key={person.id}
          type="button"
          role="menuitem"
          class="menu-item"
          onClick={() => {
            props.onChosen();
            void props.open.act("assign", person.id);
          }}
        >
          <Avatar id={person.id} name={person.display_name} small />
          <span>{person.id === mine ? "Me" : person.display_name}</span>
          <small>{person.online ? (person.available ? "available" : "away") : "offline"}</small>
        </button>
      ))}
    </div>
  );
}
