import type { Overlap, OverlapSide } from "@baton/shared/knowledge";
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { against, differences, type Piece } from "../../state/knowledge/differences.ts";
import { at } from "../../state/knowledge/route.ts";
import { OVERLAP_WORDS, plural } from "../../state/knowledge/words.ts";
import { overlaps } from "../../stores/knowledge/knowledge.ts";
import { Page } from "./area.tsx";
import { Link } from "./link.tsx";
import { Empty, Ready, When } from "./parts.tsx";
import { Pieces } from "./versionDiff.tsx";

const AT_ONCE = 20;

export function OverlapsPage(): VNode {
  useEffect(() => void overlaps.load(), []);
  return (
    <Page place="overlaps">
      <div class="page-body">
        <Ready load={overlaps.state.value} what="the overlaps" onRetry={() => void overlaps.load()}>
          {({ overlaps: list }) =>
            list.length > 0 ? (
              <Pairs list={list} />
            ) : (
              <Empty icon="check" title="No overlaps.">
                <p>
                  No two passages say the same or disagree about numbers, dates or a yes and no.
                </p>
              </Empty>
            )
          }
        </Ready>
      </div>
    </Page>
  );
}

function Pairs({ list }: { list: Overlap[] }): VNode {
  const [shown, show] = useState(AT_ONCE);
  const against = list.filter((each) => each.kind === "contradiction").length;
  return (
    <>
      <p class="quiet" role="status">
        {plural(against, "possible contradiction")} and{" "}
        {plural(list.length - against, "near-duplicate")}. A person decides: correct one, merge
        them, or leave them be.
      </p>
      <ul class="cards">
        {list.slice(0, shown).map((overlap) => (
          <Pair
            key={`${overlap.first.passage_id} ${overlap.second.passage_id}`}
            overlap={overlap}
          />
        ))}
      </ul>
      {shown < list.length && (
        <p class="rows-more">
          <button type="button" class="button" onClick={() => show(shown + AT_ONCE)}>
            Show more ({list.length - shown} left)
          </button>
        </p>
      )}
    </>
  );
}

function Pair({ overlap }: { overlap: Overlap }): VNode {
  const { first, second, kind } = overlap;
  const [one, other] =
    kind === "contradiction"
      ? [against(first), against(second)]
      : differences(first.text, second.text);
  return (
    <li class="card overlap" data-testid="overlap">
      <p class="overlap-line">
        <span class={kind === "contradiction" ? "chip chip-warn" : "chip"}>
          {OVERLAP_WORDS[kind]}
        </span>
        <strong>{overlap.why}</strong>
        <span class="quiet number" title="Cosine of the two passages">
          {Math.round(overlap.similarity * 100)} % alike
        </span>
      </p>
      <div class="overlap-sides">
        <Side side={first} pieces={one} />
        <Side side={second} pieces={other} />
      </div>
    </li>
  );
}

function Side({ side, pieces }: { side: OverlapSide; pieces: readonly Piece[] }): VNode {
  return (
    <article>
      <h2>
        <Link to={at("articles", {}, side.article_id)} class="plain-link">
          {side.title}
        </Link>
        {side.heading && <small> › {side.heading}</small>}
      </h2>
      <p class="quiet">
        {side.source.name}
        {side.updated_at && (
          <>
            {" · updated "}
            <When at={side.updated_at} />
          </>
        )}
      </p>
      <p class="overlap-text">
        <Pieces pieces={pieces} />
      </p>
    </article>
  );
}
