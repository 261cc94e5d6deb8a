import type { ArticleDetail } from "@baton/shared/knowledge";
import { isSafeHref, RichText } from "@baton/shared/richText";
import type { ComponentChildren, VNode } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { citedWords, helpfulWords } from "../../state/knowledge/articles.ts";
import { at } from "../../state/knowledge/route.ts";
import { withoutTitle } from "../../state/knowledge/title.ts";
import { audienceWords, plural, STATE_MEANING } from "../../state/knowledge/words.ts";
import { OpenArticle } from "../../stores/knowledge/openArticle.ts";
import { toast } from "../../stores/page.ts";
import { goKnowledge } from "../../stores/place.ts";
import { Icon } from "../icons.tsx";
import { Page } from "./area.tsx";
import { ArticleEditor } from "./articleEditor.tsx";
import { Confirm } from "./confirm.tsx";
import { Link } from "./link.tsx";
import { Problem, Ready, When } from "./parts.tsx";
import { Segmented } from "./segmented.tsx";
import { StateChip } from "./stateChip.tsx";

const ALL = at("articles");

function Back(): VNode {
  return (
    <Link to={ALL} class="back">
      <Icon name="back" /> Articles
    </Link>
  );
}

const savedWords = ({ state }: ArticleDetail): string =>
  state === "live" ? "Saved. Answers use it from now on." : `Saved. ${STATE_MEANING[state]}`;

export function WritePage(): VNode {
  const saved = (article: ArticleDetail): void => {
    toast(savedWords(article));
    goKnowledge(at("articles", {}, article.id));
  };
  return (
    <Page
      place="write"
      title="Write an article"
      lead="Answers may use it as soon as it is saved."
      above={<Back />}
    >
      <ArticleEditor article={null} onSaved={saved} onClose={() => goKnowledge(ALL)} />
    </Page>
  );
}

export function ArticlePage(props: { id: string; query: Readonly<Record<string, string>> }): VNode {
  const { id } = props;
  const open = useMemo(() => new OpenArticle(id), [id]);
  useEffect(() => void open.article.load(), [open]);
  const load = open.article.state.value;
  if (load.kind !== "ready")
    return (
      <Page place="articles" title="Article" lead={id} above={<Back />}>
        <div class="page-body">
          <Ready load={load} what="the article" onRetry={() => void open.article.load()}>
            {() => null}
          </Ready>
        </div>
      </Page>
    );
  return <Opened open={open} article={load.value} editing={Boolean(props.query.edit)} />;
}

interface OpenedProps {
  open: OpenArticle;
  article: ArticleDetail;
  editing: boolean;
}

function Opened({ open, article, editing }: OpenedProps): VNode {
  const here = at("articles", {}, article.id);
  const saved = (changed: ArticleDetail): void => {
    open.article.put(changed);
    toast(savedWords(changed));
    goKnowledge(here, { replace: true });
  };
  const lead = (
    <>
      <StateChip state={article.state} /> {STATE_MEANING[article.state]}
    </>
  );
  return (
    <Page
      place="articles"
      title={article.title}
      lead={lead}
      above={<Back />}
      actions={!editing && <Actions open={open} article={article} />}
    >
      {editing ? (
        <ArticleEditor
          article={article}
          onSaved={saved}
          onClose={() => goKnowledge(here, { replace: true })}
        />
      ) : (
        <div class="page-body article-page">
          <Problem words={open.notice.value} />
          <div class="article-columns">
            <Reading article={article} />
            <Facts article={article} />
          </div>
        </div>
      )}
    </Page>
  );
}

function Actions({ open, article }: { open: OpenArticle; article: ArticleDetail }): VNode {
  const remove = async (): Promise<void> => {
    if (!(await open.delete())) return;
    toast(`“${article.title}” was deleted.`);
    goKnowledge(ALL);
  };
  return (
    <>
      {article.state === "withdrawn" ? (
        <button
          type="button"
          class="button"
          data-testid="restore"
          onClick={() => void open.setWithdrawn(false)}
        >
          Restore
        </button>
      ) : (
        <Confirm
          label="Withdraw"
          question="Hide it from every answer, at once?"
          verb="Withdraw"
          testid="withdraw"
          onConfirm={() => open.setWithdrawn(true)}
        />
      )}
      {article.written && (
        <Confirm
          label="Delete"
          question="Delete what was written here, for good?"
          verb="Delete"
          testid="delete-article"
          danger
          onConfirm={remove}
        />
      )}
      <Link
        to={at("articles", { edit: "1" }, article.id)}
        class="button button-primary"
        testid="edit-article"
      >
        Edit
      </Link>
    </>
  );
}

type Tab = "article" | "passages";

function Reading({ article }: { article: ArticleDetail }): VNode {
  const [tab, show] = useState<Tab>("article");
  const tabs = [
    { value: "article", words: "As customers read it" },
    {
      value: "passages",
      words: plural(article.passages.length, "passage"),
      testid: "passages-tab",
    },
  ] as const;
  return (
    <section class="reading" aria-label="The article">
      <Segmented choices={tabs} value={tab} onChoose={show} />
      {tab === "article" ? (
        <div class="rich article-body" data-testid="article-body">
          <RichText body={withoutTitle(article.body, article.title)} />
        </div>
      ) : (
        <Passages article={article} />
      )}
    </section>
  );
}

/** As the AI agent has it: the pieces that are searched and quoted. */
function Passages({ article }: { article: ArticleDetail }): VNode {
  if (article.passages.length === 0)
    return <p class="quiet">It has no passages yet; they are made with the next sync.</p>;
  return (
    <ol class="article-passages">
      {article.passages.map((passage) => (
        <li key={passage.id} class="article-passage" data-testid="passage">
          {passage.heading && <h2>{passage.heading}</h2>}
          <p>{passage.text}</p>
        </li>
      ))}
    </ol>
  );
}

function Facts({ article }: { article: ArticleDetail }): VNode {
  const { feedback, url } = article;
  return (
    <aside class="facts" aria-label="About this article">
      <dl>
        <Fact name="Source">
          <Link to={at("articles", { source: article.source.id })} class="plain-link">
            {article.source.name}
          </Link>
        </Fact>
        <Fact name="Readers">{audienceWords(article.audience)}</Fact>
        {article.language && <Fact name="Language">{article.language}</Fact>}
        {article.updated_at && (
          <Fact name="Updated">
            <When at={article.updated_at} />
          </Fact>
        )}
        {article.effective_at && (
          <Fact name="In force from">
            <When at={article.effective_at} />
          </Fact>
        )}
        {article.expires_at && (
          <Fact name="In force until">
            <When at={article.expires_at} />
          </Fact>
        )}
        <Fact name="Used">
          {citedWords(article)}
          {article.last_cited_at && (
            <>
              , last <When at={article.last_cited_at} />
            </>
          )}
        </Fact>
        {helpfulWords(article) && <Fact name="Readers say">{helpfulWords(article)}</Fact>}
        {url && isSafeHref(url) && (
          <Fact name="Address">
            <a href={url} target="_blank" rel="noopener noreferrer" class="plain-link">
              {url}
            </a>
          </Fact>
        )}
        <Fact name="Id">
          <code>{article.id}</code>
        </Fact>
      </dl>
      {feedback.some((each) => each.words) && (
        <ul class="feedback">
          {feedback
            .filter((each) => each.words)
            .map((each) => (
              <li key={each.at + each.words}>
                <span class={each.helpful ? "outcome outcome-ok" : "outcome outcome-bad"}>
                  <Icon name={each.helpful ? "check" : "cross"} />
                </span>
                <span>
                  {each.words}{" "}
                  <small>
                    <When at={each.at} />
                  </small>
                </span>
              </li>
            ))}
        </ul>
      )}
    </aside>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }): VNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
