import type { SearchHit } from "@baton/shared/knowledge";
import type { VNode } from "preact";
import {
  besideNeighbour,
  markedText,
  markedTitle,
  ordinal,
  shareOf,
  whyHere,
} from "../../state/knowledge/explain.ts";
import { at } from "../../state/knowledge/route.ts";
import { ValueBar } from "../bars.tsx";
import { Link } from "./link.tsx";

interface HitCardProps {
  hit: SearchHit;
  /** From 1. */
  place: number;
  among: readonly SearchHit[];
}

/** A passage, and why it stands here. */
export function HitCard({ hit, place, among }: HitCardProps): VNode {
  const neighbour = among[place === 1 ? 1 : place - 2];
  return (
    <li class="hit" data-testid="hit" data-article-id={hit.article_id}>
      <span class="hit-place number" aria-hidden="true">
        {place}
      </span>
      <div class="hit-words">
        <h2>
          <Link to={at("articles", {}, hit.article_id)} class="plain-link">
            <Marks text={hit.title} words={hit.matched_words} />
          </Link>
          {hit.heading && (
            <small>
              {" › "}
              <Marks text={hit.heading} words={hit.matched_words} />
            </small>
          )}
        </h2>
        <p class="hit-text">
          {markedText(hit).map(({ text, word, best }, i) => {
            const inner = word ? <mark key={`${i}${text}`}>{text}</mark> : text;
            return best ? (
              <span key={`${i}${text}`} class="hit-best">
                {inner}
              </span>
            ) : (
              inner
            );
          })}
        </p>
      </div>
      <div class="hit-why" data-testid="hit-why">
        <p>{whyHere(hit)}</p>
        {neighbour && hit.reranked === null && (
          <p class="hit-beside">{besideNeighbour(hit, neighbour, place === 1)}</p>
        )}
        {hit.reranked !== null && (
          <p class="hit-beside">Put in order by the cross-encoder: {hit.reranked.toFixed(2)}.</p>
        )}
        <dl>
          <Score
            name="Meaning"
            title="Cosine of the question and this passage"
            value={hit.dense}
            rank={hit.dense_rank}
            share={shareOf(hit.dense, [1])}
          />
          <Score
            name="Words"
            title="BM25: rare words in common"
            value={hit.lexical}
            rank={hit.lexical_rank}
            share={shareOf(
              hit.lexical,
              among.map((each) => each.lexical),
            )}
          />
          {hit.best_sentence && (
            <Score
              name="Best sentence"
              title="Cosine of the question and the underlined sentence"
              value={hit.best_sentence.score}
              rank={null}
              share={shareOf(hit.best_sentence.score, [1])}
            />
          )}
        </dl>
        <Sum hit={hit} best={among[0]?.score ?? 0} open={place === 1} />
        {hit.matched.length > 0 && (
          <p class="hit-matched" title="What each word adds to the score of words">
            Shared:{" "}
            {hit.matched.map(({ word, weight }) => `${word} ${weight.toFixed(1)}`).join(", ")}
          </p>
        )}
      </div>
    </li>
  );
}

/** The score as the sum it is, drawn against the best one. */
function Sum({ hit, best, open }: { hit: SearchHit; best: number; open: boolean }): VNode | null {
  const parts = hit.parts.filter((part) => part.value > 0);
  if (parts.length === 0) return null;
  return (
    <details class="hit-sum" open={open}>
      <summary>
        Score <strong class="number">{hit.score.toFixed(2)}</strong>
      </summary>
      <div class="hit-stack" aria-hidden="true">
        {parts.map(({ words, value }, i) => (
          <i
            key={words}
            class={`stack-${i}`}
            style={{ width: `${best > 0 ? (value / best) * 100 : 0}%` }}
          />
        ))}
      </div>
      <ul>
        {parts.map(({ words, value }, i) => (
          <li key={words}>
            <i class={`hit-swatch stack-${i}`} aria-hidden="true" />
            {words} <span class="number">{value.toFixed(2)}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}

function Marks({ text, words }: { text: string; words: readonly string[] }): VNode {
  return (
    <>
      {markedTitle(text, words).map((part, i) =>
        part.word ? <mark key={`${i}${part.text}`}>{part.text}</mark> : part.text,
      )}
    </>
  );
}

interface ScoreProps {
  name: string;
  title: string;
  value: number;
  rank: number | null;
  /** How full its bar is, from 0 to 1. */
  share: number;
}

function Score({ name, title, value, rank, share }: ScoreProps): VNode {
  return (
    <div title={title}>
      <dt>{name}</dt>
      <dd>
        <ValueBar value={share} />
        <span class="number">{value.toFixed(2)}</span>
        <span class="hit-rank number">{rank === null ? "" : ordinal(rank)}</span>
      </dd>
    </div>
  );
}
