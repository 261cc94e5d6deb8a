import type { VNode } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { OpenConversation } from "../stores/conversation.ts";
import { knownTags, loadTags } from "../stores/inbox.ts";
import { announce } from "../stores/page.ts";
import { deskApi, me, wordsOf } from "../stores/session.ts";
import { Icon } from "./icons.tsx";

/** The server refuses longer ones, and more of them. */
const LONGEST = 40;

/** The tags of the conversation, each to be removed, and a field for another one. */
export function TagBar({ open }: { open: OpenConversation }): VNode | null {
  const [adding, setAdding] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const tags = open.timeline.value?.tags ?? [];
  const mayTag = me.value !== null && me.value.role !== "viewer";
  if (tags.length === 0 && !mayTag) return null;

  const working = async (work: () => Promise<unknown>, words: string): Promise<boolean> => {
    setProblem(null);
    try {
      await work();
      announce(words);
      void loadTags();
      return true;
    } catch (refusal) {
      setProblem(wordsOf(refusal));
      return false;
    }
  };
  const remove = (tag: string): void => {
    void working(() => deskApi.removeTag(open.id, tag), `The tag ${tag} is removed.`);
    opener.current?.focus();
  };
  const add = (tag: string): Promise<boolean> =>
    working(() => deskApi.addTag(open.id, tag), `The tag ${tag} is added.`);
  const close = (): void => {
    setAdding(false);
    setProblem(null);
    requestAnimationFrame(() => opener.current?.focus());
  };

  return (
    <div class="tag-bar">
      {tags.length > 0 && (
        <ul class="tags" aria-label="Tags">
          {tags.map((tag) => (
            <li key={tag} class="chip chip-tag" data-testid="tag">
              {tag}
              {mayTag && (
                <button
                  type="button"
                  class="tag-remove"
                  aria-label={`Remove the tag ${tag}`}
                  onClick={() => remove(tag)}
                >
                  <Icon name="close" />
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      {adding && <TagField has={tags} onAdd={add} onClose={close} />}
      {mayTag && !adding && (
        <button
          ref={opener}
          type="button"
          class="tag-add"
          data-testid="add-tag"
          title="Add a tag (t)"
          onClick={() => setAdding(true)}
        >
          <Icon name="tag" />
          Add a tag
        </button>
      )}
      {problem && (
        <p class="tag-problem" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}

interface TagFieldProps {
  has: readonly string[];
  onAdd: (tag: string) => Promise<boolean>;
  onClose: () => void;
}

/** Enter adds and stays for the next one; Escape closes. */
function TagField({ has, onAdd, onClose }: TagFieldProps): VNode {
  const [typed, setTyped] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const id = useId();
  useEffect(() => {
    field.current?.focus();
    void loadTags();
  }, []);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (typed.trim() && (await onAdd(typed.trim()))) setTyped("");
  };
  return (
    <form class="tag-form" onSubmit={(event) => void submit(event)}>
      <input
        ref={field}
        class="input"
        list={id}
        maxLength={LONGEST}
        aria-label="New tag"
        placeholder="Tag, then Enter"
        autocomplete="off"
        data-testid="tag-field"
        value={typed}
        onInput={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Escape" && !event.isComposing && onClose()}
      />
      <datalist id={id}>
        {knownTags.value
          .filter(({ tag }) => !has.includes(tag))
          .map(({ tag }) => (
            <option key={tag} value={tag} />
          ))}
      </datalist>
      <button type="button" class="link" onClick={onClose}>
        Done
      </button>
    </form>
  );
}
