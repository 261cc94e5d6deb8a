import type { ArticleDiff, DiffPassage, VersionDiff } from "@baton/shared/knowledge";
import type { VNode } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { differences, type Piece } from "../../state/knowledge/differences.ts";
import { at } from "../../state/knowledge/route.ts";
import { plural } from "../../state/knowledge/words.ts";
import { Loaded } from "../../stores/loaded.ts";
import { knowledgeApi } from "../../stores/session.ts";
import { Link } from "./link.tsx";
import { Ready } from "./parts.tsx";

export function VersionDiffView({ before, after }: { before: number; after: number }): VNode {
  const diff = useMemo(
    () => new Loaded<VersionDiff>(() => knowledgeApi.diff(before, after)),
    [before, after],
  );
  useEffect(() => void diff.load(), [diff]);
  return (
    <section class="diff" aria-label={`From version ${before} to ${after}`} data-testid="diff">
      <Ready load={diff.state.value} what="the changes" onRetry={() => void diff.load()}>
        {(found) => <Changes found={found} />}
      </Ready>
    </section>
  );
}

function Changes({ found }: { found: VersionDiff }): VNode {
  const { added, changed, removed, articles } = found;
  if (articles.length === 0) return <p class="quiet">The same articles, word for word.</p>;
  const left = added + changed + removed - articles.length;
  return (
    <>
      <p class="quiet">
        {plural(added, "article")} added, {changed} changed, {removed} removed.
        {left > 0 && ` The first ${articles.length} are shown.`}
      </p>
      <ul class="diff-articles">
        {articles.map((article) => (
          <Article key={article.article_id} article={article} />
        ))}
      </ul>
    </>
  );
}

const CHANGE_WORDS = { added: "Added", removed: "Removed", changed: "Changed" } as const;

function Article({ article }: { article: ArticleDiff }): VNode {
  const { before, after, change } = article;
  const pairs = Array.from({ length: Math.max(before.length, after.length) }, (_, i) => i);
  return (
    <li>
      <details open={change === "changed"}>
        <summary>
          <span class={`chip change-${change}`}>{CHANGE_WORDS[change]}</span>
          <span>{article.title}</span>
        </summary>
        {change !== "removed" && (
          <Link to={at("articles", {}, article.article_id)} class="quiet">
            Open the article
          </Link>
        )}
        {pairs.map((i) => (
          <Pair key={i} before={before[i]} after={after[i]} />
        ))}
      </details>
    </li>
  );
}

function Pair(props: { before: DiffPassage | undefined; after: DiffPassage | undefined }): VNode {
  const [was, is] = differences(props.before?.text ?? "", props.after?.text ?? "");
  return (
    <div class="diff-pair">
      {props.before && (
        <del>
          <span class="visually-hidden">Before: </span>
          <Pieces pieces={was} />
        </del>
      )}
      {props.after && (
        <ins>
          <span class="visually-hidden">After: </span>
          <Pieces pieces={is} />
        </ins>
      )}
    </div>
  );
}

export function Pieces({ pieces }: { pieces: readonly Piece[] }): VNode {
  return (
    <>
      {pieces.map(({ text, differs }, i) =>
        differs ? <mark key={`${i}${text}`}>{text}</mark> : text,
      )}
    </>
  );
}
