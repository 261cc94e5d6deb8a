import type { VNode } from "preact";
import { snoozeChoices, untilWords } from "../state/snooze.ts";
import type { OpenConversation } from "../stores/conversation.ts";
import { Menu } from "./menu.tsx";

/** Sets the conversation aside. Whatever is chosen, a message of the customer wakes it. */
export function SnoozeMenu({ open, label }: { open: OpenConversation; label: string }): VNode {
  const now = new Date();
  return (
    <Menu label={label} name="Snooze" testid="snooze" disabled={open.busy.value !== null}>
      {(close) =>
        snoozeChoices(now).map(({ words, until }) => (
          <button
            key={words}
            type="button"
            role="menuitem"
            class="menu-item"
            onClick={() => {
              close();
              void open.act("snooze", { until: until?.toISOString() ?? null });
            }}
          >
            <span>{words}</span>
            {until && <small>{untilWords(until.toISOString(), now)}</small>}
          </button>
        ))
      }
    </Menu>
  );
}
