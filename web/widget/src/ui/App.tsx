import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useReducer, useRef } from "preact/hooks";
import type { Chat } from "../chat.ts";
import { ChatIcon, DownIcon } from "./icons.tsx";
import { Panel } from "./Panel.tsx";

export function App({ chat }: { chat: Chat }): VNode {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  useLayoutEffect(() => chat.cells.onChange(() => redraw(undefined)), [chat]);
  const launcher = useRef<HTMLButtonElement>(null);
  const open = chat.isOpen.value;
  const unread = chat.unread;
  const wasOpen = useRef(false);

  useEffect(() => {
    chat.events.emit("unread", { count: unread });
  }, [chat, unread]);

  useEffect(() => {
    if (wasOpen.current && !open) launcher.current?.focus();
    wasOpen.current = open;
  }, [open]);

  return (
    <>
      {open && <Panel chat={chat} />}
      <button
        ref={launcher}
        type="button"
        class={open ? "launcher is-open" : "launcher"}
        data-testid="launcher"
        aria-expanded={open}
        aria-label={launcherLabel(open, unread, chat.company.config.value.name)}
        onClick={() => (open ? chat.close() : chat.open())}
      >
        {open ? <DownIcon /> : <ChatIcon />}
        {unread > 0 && (
          <span class="badge" aria-hidden="true">
            {unread > 9 ? "9+" : unread}
          </span>
        )}
      </button>
    </>
  );
}

function launcherLabel(open: boolean, unread: number, name: string): string {
  if (open) return "Close chat";
  if (unread === 0) return `Chat with ${name}`;
  return `Chat with ${name}, ${unread} unread ${unread === 1 ? "message" : "messages"}`;
}
