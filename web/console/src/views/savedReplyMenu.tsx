import type { SavedReplies, SavedReply } from "@baton/shared/desk";
import type { VNode } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { matching } from "../state/savedReplies.ts";
import { Loaded } from "../stores/loaded.ts";
import { deskApi, wordsOf } from "../stores/session.ts";

const saved = new Loaded<SavedReplies>(() => deskApi.savedReplies());

interface SavedReplyMenuProps {
  conversation: string;
  /** With the text for the reply field. */
  onTake: (text: string) => void;
  /** Without a choice: what was typed into the search. `left` says that the focus is elsewhere already. */
  onClose: (typed: string, left: boolean) => void;
}

/** The saved replies above the reply field, with a search that has the focus. */
export function SavedReplyMenu({ conversation, onTake, onClose }: SavedReplyMenuProps): VNode {
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const [problem, setProblem] = useState<string | null>(null);
  const search = useRef<HTMLInputElement>(null);
  const place = useRef<HTMLDivElement>(null);
  /** Whether this is as good as closed: leaving it then means nothing more. */
  const busy = useRef(false);
  const id = useId();
  const load = saved.state.value;
  const all = load.kind === "ready" ? load.value.replies : [];
  const found = matching(all, typed);
  const active = found[Math.min(at, found.length - 1)];

  useEffect(() => {
    void saved.load();
    search.current?.focus();
  }, []);
  useEffect(() => {
    place.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [active?.id]);

  const take = async (reply: SavedReply | undefined): Promise<void> => {
    if (!reply || busy.current) return;
    busy.current = true;
    setProblem(null);
    try {
      onTake(await deskApi.takeReply(conversation, reply.id));
    } catch (refusal) {
      busy.current = false;
      setProblem(wordsOf(refusal));
    }
  };
  const step = (by: number): void => {
    if (found.length) setAt((Math.min(at, found.length - 1) + by + found.length) % found.length);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    const keys: Record<string, () => void> = {
      ArrowDown: () => step(1),
      ArrowUp: () => step(-1),
      Enter: () => void take(active),
      Escape: () => {
        busy.current = true;
        onClose(typed, false);
      },
    };
    const does = keys[event.key];
    if (!does) return;
    event.preventDefault();
    does();
  };
  const onFocusOut = (event: FocusEvent): void => {
    const within = place.current?.contains(event.relatedTarget as Node | null);
    if (!within && !busy.current) onClose(typed, true);
  };

  return (
    <div ref={place} class="saved-menu" data-testid="saved-menu" onFocusOut={onFocusOut}>
      <input
        ref={search}
        class="input"
        role="combobox"
        aria-label="Search saved replies"
        aria-expanded="true"
        aria-autocomplete="list"
        aria-controls={id}
        aria-activedescendant={active && `${id}-${active.id}`}
        placeholder="Search saved replies"
        autocomplete="off"
        value={typed}
        onInput={(event) => {
          setTyped(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div class="saved-options" role="listbox" id={id} aria-label="Saved replies" tabIndex={-1}>
        {found.map((reply) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the search field has the focus and the keys
          // biome-ignore lint/a11y/useFocusableInteractive: it is pointed at by the search field
          <div
            key={reply.id}
            id={`${id}-${reply.id}`}
            class="saved-option"
            role="option"
            data-testid="saved-option"
            aria-selected={reply.id === active?.id}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => void take(reply)}
          >
            <strong>{reply.title}</strong>
            <code>/{reply.shortcut}</code>
            <span>{reply.text}</span>
          </div>
        ))}
      </div>
      <p class={found.length ? "visually-hidden" : "saved-none"} role="status">
        {load.kind === "failed" ? load.words : countWords(load.kind, all.length, found.length)}
      </p>
      {problem && (
        <p class="problem-line" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}

function countWords(kind: string, all: number, found: number): string {
  if (kind === "loading") return "Loading the saved replies…";
  if (all === 0) return "No saved replies yet. A lead writes them under Desk, Saved replies.";
  if (found === 0) return "No saved reply has these words. Try fewer of them.";
  return found === 1 ? "1 saved reply" : `${found} saved replies`;
}
