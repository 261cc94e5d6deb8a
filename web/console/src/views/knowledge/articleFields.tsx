import type { ComponentChildren, VNode } from "preact";
import {
  type ArticleForm,
  READERS_WORDS,
  type Readers,
  settingsWords,
} from "../../state/knowledge/editing.ts";
import type { Editor } from "../../stores/knowledge/editor.ts";

/** Everything about an article but its text; what most changes leave alone is folded into one line. */
export function ArticleFields({ editor }: { editor: Editor }): VNode {
  const problems = editor.problems.value;
  const hidden = problems.segments || problems.language || problems.expires;
  return (
    <>
      <Field words="Title" problem={problems.title}>
        <input type="text" class="input input-title" {...bound(editor, "title")} />
      </Field>
      <details class="settings" open={hidden ? true : undefined}>
        <summary data-testid="article-settings">
          <strong>Settings</strong> {settingsWords(editor.form.value)}
        </summary>
        <Settings editor={editor} />
      </details>
    </>
  );
}

const bound = (editor: Editor, name: keyof ArticleForm) => ({
  value: editor.form.value[name],
  "data-testid": `article-${name}`,
  "aria-invalid": editor.problems.value[name] ? ("true" as const) : undefined,
  onInput: (event: { currentTarget: HTMLInputElement }) =>
    editor.set(name, event.currentTarget.value),
});

function Settings({ editor }: { editor: Editor }): VNode {
  const form = editor.form.value;
  const problems = editor.problems.value;
  return (
    <div class="fields">
      <Field words="Status">
        <select
          class="input"
          value={form.status}
          data-testid="article-status"
          onChange={(event) =>
            editor.set("status", event.currentTarget.value === "draft" ? "draft" : "published")
          }
        >
          <option value="published">Published</option>
          <option value="draft">Draft</option>
        </select>
      </Field>
      <Field words="Readers">
        <select
          class="input"
          value={form.readers}
          data-testid="article-readers"
          onChange={(event) => editor.set("readers", event.currentTarget.value as Readers)}
        >
          {Object.entries(READERS_WORDS).map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </select>
      </Field>
      {form.readers === "segments" && (
        <Field words="Segments" hint="separated by commas" problem={problems.segments}>
          <input type="text" class="input" {...bound(editor, "segments")} />
        </Field>
      )}
      <Field words="Language" hint="en, de-AT…" problem={problems.language}>
        <input type="text" class="input" {...bound(editor, "language")} />
      </Field>
      <Field words="In force from" hint="optional" problem={problems.effective}>
        <input type="datetime-local" class="input" {...bound(editor, "effective")} />
      </Field>
      <Field words="In force until" hint="optional" problem={problems.expires}>
        <input type="datetime-local" class="input" {...bound(editor, "expires")} />
      </Field>
    </div>
  );
}

interface FieldProps {
  words: string;
  hint?: string;
  problem?: string | undefined;
  children: ComponentChildren;
}

function Field({ words, hint, problem, children }: FieldProps): VNode {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is among the children
    <label class="field">
      <span>
        {words}
        {hint && <small> {hint}</small>}
      </span>
      {children}
      {problem && <small class="field-problem">{problem}</small>}
    </label>
  );
}
