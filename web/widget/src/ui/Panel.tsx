import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Chat } from "../chat.ts";
import { ArticleView } from "./ArticleView.tsx";
import { Avatar } from "./Avatar.tsx";
import { Composer } from "./Composer.tsx";
import { History } from "./History.tsx";
import { BackIcon, CloseIcon, MenuIcon } from "./icons.tsx";
import { Log } from "./Log.tsx";
import { Notices } from "./Notices.tsx";
import { focusConversation, isPhone, keepFocusInside, usePhoneViewport } from "./phone.ts";

export function Panel({ chat }: { chat: Chat }): VNode {
  const panel = useRef<HTMLElement>(null);
  const article = chat.reader.opened.value;
  const list = chat.view.value === "list";
  usePhoneViewport(panel);

  useEffect(() => {
    // On a phone the focus must not pull the keyboard up before anything was read.
    const composer = panel.current?.querySelector<HTMLElement>("textarea");
    if (isPhone() || !composer) panel.current?.focus();
    else composer.focus();
  }, []);

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Escape") {
      event.stopPropagation();
      if (article) chat.reader.close();
      else chat.close();
    } else if (event.key === "Tab" && isPhone() && panel.current) {
      keepFocusInside(panel.current, event);
    }
  };

  return (
    <section
      ref={panel}
      class="panel"
      role="dialog"
      aria-modal={isPhone()}
      aria-label={`Chat with ${chat.company.config.value.name}`}
      tabIndex={-1}
      onKeyDown={onKeyDown}
    >
      <Header chat={chat} />
      {list ? (
        <History chat={chat} />
      ) : (
        <>
          <Log chat={chat} />
          <Notices chat={chat} />
          <Composer chat={chat} />
        </>
      )}
      {article && <ArticleView chat={chat} opened={article} />}
    </section>
  );
}

function Header({ chat }: { chat: Chat }): VNode {
  const list = chat.view.value === "list";
  return (
    <div class="header">
      <button
        type="button"
        class="icon-button"
        aria-label={list ? "Back to the conversation" : "Your conversations"}
        data-testid="history"
        onClick={() => (list ? showConversation(chat) : void chat.openList())}
      >
        {list ? <BackIcon /> : <MenuIcon />}
      </button>
      <div class="who">
        <h1>{list ? "Your conversations" : chat.company.config.value.name}</h1>
        {!list && <Counterpart chat={chat} />}
      </div>
      {!list && <TalkToPerson chat={chat} />}
      <button
        type="button"
        class="icon-button"
        aria-label="Close chat"
        data-testid="close"
        onClick={() => chat.close()}
      >
        <CloseIcon />
      </button>
    </div>
  );
}

function showConversation(chat: Chat): void {
  chat.view.value = "conversation";
}

/** Who answers at the moment. */
function Counterpart({ chat }: { chat: Chat }): VNode {
  const { conversation } = chat.timeline;
  const config = chat.company.config.value;
  if (conversation?.status === "assigned" && conversation.assignee) {
    const name = conversation.assignee.display_name;
    return (
      <p class="counterpart" data-testid="counterpart">
        <Avatar name={name} small />
        {name} <i class="dot dot-human" />
      </p>
    );
  }
  if (conversation?.status === "queued" || conversation?.status === "snoozed") {
    return (
      <p class="counterpart" data-testid="counterpart">
        <i class={config.online ? "dot dot-waiting" : "dot"} /> Waiting for a person
      </p>
    );
  }
  return (
    <p class="counterpart" data-testid="counterpart">
      <i class="dot dot-ai" /> AI agent
    </p>
  );
}

function TalkToPerson({ chat }: { chat: Chat }): VNode | null {
  const status = chat.timeline.conversation?.status;
  if (status === "queued" || status === "assigned") return null;
  const asking = chat.askingForHuman;
  return (
    <button
      type="button"
      class="pill"
      data-testid="talk-to-person"
      disabled={asking}
      onClick={(event) => {
        chat.requestHuman();
        focusConversation(event.currentTarget);
      }}
    >
      {asking ? "Asking…" : status === "resolved" ? "Reopen" : "Talk to a person"}
    </button>
  );
}
