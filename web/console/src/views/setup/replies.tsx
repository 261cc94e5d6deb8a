import type { SavedReplies, SavedReply, WrittenReply } from "@baton/shared/desk";
import { Fragment, type VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { matching } from "../../state/savedReplies.ts";
import { Loaded } from "../../stores/loaded.ts";
import { announce } from "../../stores/page.ts";
import { deskApi, wordsOf } from "../../stores/session.ts";
import { Confirm } from "../knowledge/confirm.tsx";
import { Empty, Problem, Ready, When } from "../knowledge/parts.tsx";
import { SetupHead } from "./area.tsx";
import { Choice, Section, TextField } from "./fields.tsx";

interface Shown extends SavedReplies {
  teams: string[];
}

async function fetchShown(): Promise<Shown> {
  const [saved, rules] = await Promise.all([deskApi.savedReplies(), deskApi.rules()]);
  return { ...saved, teams: rules.rules.teams.map((team) => team.name) };
}

const shown = new Loaded<Shown>(fetchShown);
const EMPTY: WrittenReply = { title: "", shortcut: "", text: "", team: null };
const EVERYONE = "";

/** Where leads look after the texts that people keep at hand. */
export function RepliesPage(): VNode {
  const [editing, setEditing] = useState<SavedReply | "new" | null>(null);
  useEffect(() => void shown.load(), []);
  const add = (): void => setEditing("new");
  const done = (): void => {
    setEditing(null);
    void shown.load();
  };
  return (
    <>
      <SetupHead
        page="replies"
        actions={
          <button
            type="button"
            class="button button-primary"
            data-testid="new-reply"
            disabled={editing !== null}
            onClick={add}
          >
            New saved reply
          </button>
        }
      />
      <div class="page-body">
        <Ready load={shown.state.value} what="the saved replies" onRetry={() => void shown.load()}>
          {(now) => (
            <>
              {editing !== null && (
                <Form
                  key={editing === "new" ? "new" : editing.id}
                  reply={editing === "new" ? null : editing}
                  shown={now}
                  onDone={done}
                  onCancel={() => setEditing(null)}
                />
              )}
              {now.replies.length === 0 && editing === null && (
                <Empty icon="replies" title="No saved replies yet.">
                  <p>
                    Write down what your team types again and again. Everyone has it at hand then.
                  </p>
                  <button type="button" class="button button-primary" onClick={add}>
                    Write the first one
                  </button>
                </Empty>
              )}
              {now.replies.length > 0 && <Listed replies={now.replies} onEdit={setEditing} />}
            </>
          )}
        </Ready>
      </div>
    </>
  );
}

function Listed(props: { replies: SavedReply[]; onEdit: (reply: SavedReply) => void }): VNode {
  const [typed, setTyped] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const found = matching(props.replies, typed);
  const remove = async (reply: SavedReply): Promise<void> => {
    setProblem(null);
    try {
      await deskApi.removeReply(reply.id);
      announce(`${reply.title} is deleted.`);
      await shown.load();
    } catch (refusal) {
      setProblem(wordsOf(refusal));
    }
  };
  return (
    <>
      <TextField
        label="Search"
        value={typed}
        placeholder="Title, shortcut or words"
        onChange={setTyped}
      />
      <Problem words={problem} />
      {found.length === 0 && (
        <p role="status" class="quiet">
          No saved reply has these words. Try fewer of them.
        </p>
      )}
      <ul class="setup-list">
        {found.map((reply) => (
          <li key={reply.id} class="card setup-section" data-testid="saved-reply">
            <h2>
              {reply.title} <code>/{reply.shortcut}</code>
            </h2>
            <p class="saved-text">{reply.text}</p>
            <p class="quiet">
              For {reply.team ?? "everyone"}. Used {times(reply.used)}. Saved by {reply.saved_by},{" "}
              <When at={reply.saved_at} />.
            </p>
            <div class="card-actions">
              <button type="button" class="button" onClick={() => props.onEdit(reply)}>
                Change<span class="visually-hidden"> {reply.title}</span>
              </button>
              <Confirm
                label="Delete"
                question={`Delete “${reply.title}” for everybody?`}
                verb="Delete"
                danger
                testid="delete-reply"
                onConfirm={() => remove(reply)}
              />
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}

const times = (count: number): string => (count === 1 ? "once" : `${count} times`);

interface FormProps {
  reply: SavedReply | null;
  shown: Shown;
  onDone: () => void;
  onCancel: () => void;
}

function Form({ reply, shown: now, onDone, onCancel }: FormProps): VNode {
  const [written, setWritten] = useState<WrittenReply>(reply ? writtenOf(reply) : EMPTY);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    form.current?.querySelector("input")?.focus();
    form.current?.scrollIntoView({ block: "nearest" });
  }, []);
  const change = (part: Partial<WrittenReply>): void => setWritten({ ...written, ...part });
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await deskApi.saveReply(reply?.id ?? null, written);
      announce(`${written.title} is saved.`);
      onDone();
    } catch (refusal) {
      setProblem(wordsOf(refusal));
      setBusy(false);
    }
  };
  const teams = [...new Set([...now.teams, ...(written.team ? [written.team] : [])])];
  const whose = { [EVERYONE]: "Everyone", ...Object.fromEntries(teams.map((one) => [one, one])) };
  const whole = written.title.trim() && written.shortcut && written.text.trim();
  return (
    <Section title={reply ? "Change the saved reply" : "New saved reply"}>
      <form ref={form} class="setup-section saved-form" onSubmit={(event) => void save(event)}>
        <div class="setup-grid">
          <TextField
            label="Title"
            value={written.title}
            placeholder="Parcel is late"
            onChange={(title) => change({ title })}
          />
          <TextField
            label="Shortcut: small letters, digits, - and _"
            value={written.shortcut}
            placeholder="late"
            onChange={(shortcut) =>
              change({ shortcut: shortcut.trim().toLowerCase().replace(/^\//, "") })
            }
          />
          <Choice
            label="For"
            value={written.team ?? EVERYONE}
            of={whose}
            onChange={(team) => change({ team: team === EVERYONE ? null : team })}
          />
        </div>
        <label class="field">
          <span>Text</span>
          <textarea
            class="input"
            rows={6}
            maxLength={8000}
            value={written.text}
            data-testid="reply-text"
            onInput={(event) => change({ text: event.currentTarget.value })}
          />
        </label>
        <p class="quiet">
          Filled in where they are known:{" "}
          {now.variables.map((name) => (
            <Fragment key={name}>
              <code>{`{{${name}}}`}</code>{" "}
            </Fragment>
          ))}
        </p>
        <Problem words={problem} />
        <div class="card-actions">
          <button type="submit" class="button button-primary" disabled={busy || !whole}>
            Save
          </button>
          <button type="button" class="button" onClick={onCancel}>
            Cancel
          </button>
        </div>
      </form>
    </Section>
  );
}

const writtenOf = ({ title, shortcut, text, team }: SavedReply): WrittenReply => ({
  title,
  shortcut,
  text,
  team,
});
