import type { ArticleDetail } from "@baton/shared/knowledge";
import { RichText } from "@baton/shared/richText";
import type { VNode } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { withoutTitle } from "../../state/knowledge/title.ts";
import { Editor } from "../../stores/knowledge/editor.ts";
import { knowledgeApi } from "../../stores/session.ts";
import { ArticleFields } from "./articleFields.tsx";
import { Segmented } from "./segmented.tsx";

interface EditorProps {
  /** The article to change, or null for a new one. */
  article: ArticleDetail | null;
  onSaved: (article: ArticleDetail) => void;
  onClose: () => void;
}

const SIDES = [
  { value: "write", words: "Write" },
  { value: "preview", words: "Preview" },
] as const;
type Side = (typeof SIDES)[number]["value"];

export function ArticleEditor({ article, onSaved, onClose }: EditorProps): VNode {
  // One editor for one visit, whatever is fetched anew meanwhile.
  const editor = useMemo(() => new Editor(article, knowledgeApi, localStorage), [article?.id]);
  useEffect(() => () => editor.close(), [editor]);
  const [side, show] = useState<Side>("write");

  const save = async (over = false): Promise<void> => {
    const saved = await (over ? editor.saveOver() : editor.save());
    if (saved) onSaved(saved);
    else document.querySelector<HTMLElement>(".article-editor [aria-invalid='true']")?.focus();
  };

  return (
    <form
      class="article-editor"
      data-testid="editor"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
      onKeyDown={(event) => {
        if (event.key !== "s" || !(event.ctrlKey || event.metaKey)) return;
        event.preventDefault();
        void save();
      }}
    >
      <div class="page-body">
        <Notices editor={editor} article={article} onSaveOver={() => void save(true)} />
        <ArticleFields editor={editor} />
        <Segmented choices={SIDES} value={side} onChoose={show} class="article-sides" />
        <div class={`article-pair showing-${side}`}>
          <Text editor={editor} />
          <section class="article-preview" aria-label="Preview">
            <h2>Preview</h2>
            <div class="rich article-body" data-testid="preview">
              {editor.form.value.text.trim() ? (
                <RichText body={withoutTitle(editor.preview.value, editor.form.value.title)} />
              ) : (
                <p class="quiet">What you write appears here as customers will read it.</p>
              )}
            </div>
          </section>
        </div>
      </div>
      <Foot editor={editor} onClose={onClose} />
    </form>
  );
}

function Text({ editor }: { editor: Editor }): VNode {
  const problem = editor.problems.value.text;
  return (
    <label class="field article-source-text">
      <span>
        Text <small>Markdown: **bold**, # heading, - list, [words](address)</small>
      </span>
      <textarea
        class="input input-text"
        value={editor.form.value.text}
        data-testid="article-text"
        spellcheck
        aria-invalid={problem ? "true" : undefined}
        onInput={(event) => editor.set("text", event.currentTarget.value)}
      />
      {problem && <small class="field-problem">{problem}</small>}
    </label>
  );
}

interface NoticesProps {
  editor: Editor;
  article: ArticleDetail | null;
  onSaveOver: () => void;
}

function Notices({ editor, article, onSaveOver }: NoticesProps): VNode {
  const imported = article !== null && !article.written;
  return (
    <>
      {imported && (
        <p class="hint-line">
          This article comes from {article.source.name}. Once you save, your words replace it, also
          after further syncs, until you delete them here.
        </p>
      )}
      {editor.resumed.value && (
        <p class="hint-line" role="status">
          You have unsaved changes from an earlier visit; they are below.{" "}
          <button type="button" class="link" onClick={() => editor.discard()}>
            Discard them
          </button>
        </p>
      )}
      <div role="alert">
        {editor.notice.value && (
          <p class="problem-line" data-testid="editor-problem">
            {editor.notice.value}{" "}
            {editor.stale.value && (
              <button type="button" class="link" onClick={onSaveOver}>
                Save mine over it
              </button>
            )}
          </p>
        )}
      </div>
    </>
  );
}

function Foot({ editor, onClose }: { editor: Editor; onClose: () => void }): VNode {
  const changed = editor.changed.value;
  return (
    <div class="article-foot">
      <button
        type="submit"
        class="button button-primary"
        data-testid="save-article"
        disabled={editor.saving.value || !changed}
      >
        {editor.saving.value ? "Saving…" : "Save"}
      </button>
      <button type="button" class="button" onClick={onClose}>
        {changed ? "Close" : "Done"}
      </button>
      <span class="article-kept" role="status">
        {changed && "Not saved yet. Your changes are kept on this device."}
      </span>
    </div>
  );
}
