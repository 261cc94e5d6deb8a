import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { readDraft, type Tab, writeDraft } from "../state/drafts.ts";
import { type ReplyLock, replyLock } from "../state/permissions.ts";
import { beginsWord, unfilled } from "../state/savedReplies.ts";
import { SAVED_REPLIES_KEY, writingCommandOf } from "../state/shortcuts.ts";
import type { OpenConversation } from "../stores/conversation.ts";
import { composerRequest, focusComposer } from "../stores/page.ts";
import { me } from "../stores/session.ts";
import { Icon } from "./icons.tsx";
import { SavedReplyMenu } from "./savedReplyMenu.tsx";

/** The server refuses longer messages; said here before they are typed in vain. */
const LONGEST = 8000;

export function Composer({ open }: { open: OpenConversation }): VNode | null {
  const conversation = open.timeline.value?.conversation;
  const human = me.value;
  const [tab, setTab] = useState<Tab>("reply");
  const request = composerRequest.value;
  const answered = useRef(request?.serial ?? 0);
  useEffect(() => {
    if (!request || request.serial === answered.current) return;
    setTab(request.tab);
  }, [request]);
  if (!conversation || !human) return null;
  const lock = replyLock(conversation, human.id);
  const locked = tab === "reply" && lock.kind !== "open";
  return (
    <section class={`composer composer-${tab}`} data-testid="composer-area" aria-label="Write">
      <div class="tabs" role="tablist" aria-label="What to write">
        <TabButton tab="reply" active={tab} onPick={setTab} locked={lock.kind !== "open"} />
        <TabButton tab="note" active={tab} onPick={setTab} locked={false} />
        {tab === "note" && <span class="tabs-hint">Only your team sees notes</span>}
      </div>
      {locked ? (
        <Locked open={open} lock={lock} onNote={() => setTab("note")} />
      ) : (
        <Editor key={tab} open={open} tab={tab} answered={answered} />
      )}
    </section>
  );
}

function TabButton(props: {
  tab: Tab;
  active: Tab;
  locked: boolean;
  onPick: (tab: Tab) => void;
}): VNode {
  const { tab } = props;
  const icon = props.locked ? "lock" : tab;
  return (
    <button
      type="button"
      role="tab"
      class="tab"
      data-testid={`tab-${tab}`}
      aria-selected={props.active === tab}
      onClick={() => props.onPick(tab)}
    >
      <Icon name={icon} />
      {tab === "reply" ? "Reply" : "Note"}
    </button>
  );
}

const LOCK_WORDS = {
  ai_agent: "The AI agent is answering this customer. Take over, and it stays silent.",
  queue: "This customer is waiting for a person.",
  snoozed: "This conversation is snoozed.",
};

function Locked(props: { open: OpenConversation; lock: ReplyLock; onNote: () => void }): VNode {
  const { open, lock } = props;
  const run = async (verb: "claim" | "reopen"): Promise<void> => {
    if (await open.act(verb)) focusComposer("reply");
  };
  const busy = open.busy.value !== null;
  const writing = open.activities.current.value.some((each) => each.who === "human_agent");
  return (
    <div class="locked" data-testid="reply-locked" data-lock={lock.kind}>
      <p>{lockWords(lock, writing)}</p>
      <div class="locked-actions">
        <button type="button" class="button" onClick={props.onNote}>
          Write a note
        </button>
        {lock.kind === "take_over" && (
          <button
            type="button"
            class="button button-primary"
            data-testid="claim-and-reply"
            disabled={busy}
            onClick={() => void run("claim")}
          >
            Claim and reply
          </button>
        )}
        {lock.kind === "resolved" && (
          <button
            type="button"
            class="button button-primary"
            disabled={busy}
            onClick={() => void run("reopen")}
          >
            Reopen
          </button>
        )}
      </div>
    </div>
  );
}

function lockWords(lock: ReplyLock, writing: boolean): string {
  if (lock.kind === "held" && writing) return `${lock.by} is writing to this customer right now.`;
  if (lock.kind === "take_over") return LOCK_WORDS[lock.from];
  if (lock.kind === "held") return `${lock.by} is answering this customer.`;
  return "This conversation is resolved. Reopen it to write to the customer.";
}

function Editor(props: { open: OpenConversation; tab: Tab; answered: { current: number } }): VNode {
  const { open, tab, answered } = props;
  const [text, setText] = useState(() => readDraft(localStorage, open.id, tab));
  const area = useRef<HTMLTextAreaElement>(null);
  const request = composerRequest.value;
  /** What a saved reply replaces, while one is chosen. */
  const [picking, setPicking] = useState<{ start: number; end: number } | null>(null);
  const selection = useRef<{ start: number; end: number } | null>(null);
  const missing = tab === "reply" ? unfilled(text) : null;

  useLayoutEffect(() => {
    if (!selection.current) return;
    select(selection.current);
    selection.current = null;
  });
  useLayoutEffect(() => grow(area.current), [text]);
  useEffect(() => {
    if (!request || request.serial === answered.current || request.tab !== tab) return;
    answered.current = request.serial;
    area.current?.focus();
  }, [request, tab]);

  const back = open.takenBack.value;
  const taken = useRef(back?.serial ?? 0);
  useEffect(() => {
    if (!back || tab !== "reply" || back.serial === taken.current) return;
    taken.current = back.serial;
    change([back.text, text].filter(Boolean).join("\n\n"));
    area.current?.focus();
  }, [back, tab]);

  const change = (value: string): void => {
    setText(value);
    writeDraft(localStorage, open.id, tab, value);
    if (tab === "reply" && value.trim()) open.typing();
  };
  const send = (): void => {
    if (!text.trim() || text.length > LONGEST) return;
    if (missing) {
      select(missing);
      return;
    }
    open.send(tab === "note" ? "note" : "public", text.trim());
    change("");
    area.current?.focus();
  };
  const select = ({ start, end }: { start: number; end: number }): void => {
    area.current?.focus();
    area.current?.setSelectionRange(start, end);
  };
  const onInput = (event: InputEvent & { currentTarget: HTMLTextAreaElement }): void => {
    const { value, selectionEnd: end } = event.currentTarget;
    change(value);
    if (tab !== "reply" || event.isComposing || event.data !== SAVED_REPLIES_KEY) return;
    if (beginsWord(value, end - 1)) setPicking({ start: end - 1, end });
  };
  const pickByButton = (): void => {
    const { selectionStart: start = text.length, selectionEnd: end = start } = area.current ?? {};
    setPicking({ start, end });
  };
  const take = (piece: string): void => {
    const { start, end } = picking ?? { start: text.length, end: text.length };
    const value = text.slice(0, start) + piece + text.slice(end);
    const caret = start + piece.length;
    selection.current = unfilled(value) ?? { start: caret, end: caret };
    setPicking(null);
    change(value);
  };
  /** Whoever meant a slash goes on writing: it stays, with what was typed after it. */
  const closeMenu = (typed: string, left: boolean): void => {
    const { start, end } = picking ?? { start: 0, end: 0 };
    const slashed = text.slice(start, end) === SAVED_REPLIES_KEY;
    setPicking(null);
    if (slashed && typed) change(text.slice(0, end) + typed + text.slice(end));
    const caret = slashed ? end + typed.length : end;
    if (!left) selection.current = { start: caret, end: caret };
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const command = writingCommandOf(event);
    if (command === "leave") area.current?.blur();
    if (command !== "send") return;
    event.preventDefault();
    send();
  };

  return (
    <div class="editor">
      <textarea
        ref={area}
        rows={2}
        value={text}
        data-testid="composer"
        data-tab={tab}
        aria-label={tab === "note" ? "Note for the team" : "Reply to the customer"}
        placeholder={tab === "note" ? "Write a note for your team…" : "Write a reply…"}
        onInput={onInput}
        onKeyDown={onKeyDown}
      />
      {picking && <SavedReplyMenu conversation={open.id} onTake={take} onClose={closeMenu} />}
      <div class="editor-foot">
        {tab === "reply" && (
          <button
            type="button"
            class="button saved-open"
            data-testid="saved-open"
            aria-label="Saved replies"
            aria-haspopup="listbox"
            aria-expanded={picking !== null}
            title="Saved replies (/)"
            onClick={pickByButton}
          >
            <Icon name="replies" />
            <span>Saved replies</span>
          </button>
        )}
        {missing ? (
          <Unfilled name={missing.name} onShow={() => select(missing)} />
        ) : (
          <EditorHint length={text.length} />
        )}
        <button
          type="button"
          class="button button-primary send"
          data-testid="send"
          disabled={!text.trim() || text.length > LONGEST || missing !== null}
          onClick={send}
        >
          {tab === "note" ? "Add note" : "Send"}
          <Icon name={tab === "note" ? "note" : "send"} />
        </button>
      </div>
    </div>
  );
}

function Unfilled({ name, onShow }: { name: string; onShow: () => void }): VNode {
  return (
    <span class="unfilled" role="status" data-testid="unfilled">
      <button type="button" class="link" onClick={onShow}>
        Fill in <mark>{name}</mark> before you send
      </button>
    </span>
  );
}

function EditorHint({ length }: { length: number }): VNode {
  if (length > LONGEST - 500) {
    const left = LONGEST - length;
    const words = left < 0 ? `${-left} characters too long` : `${left} characters left`;
    return (
      <span class={left < 0 ? "hint hint-bad" : "hint"} role="status">
        {words}
      </span>
    );
  }
  return (
    <span class="hint only-wide">
      <kbd>Enter</kbd> sends, <kbd>Shift</kbd> <kbd>Enter</kbd> breaks the line
    </span>
  );
}

/** As tall as its text, up to the height the stylesheet allows. */
function grow(area: HTMLTextAreaElement | null): void {
  if (!area) return;
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight}px`;
}
