import type { SearchPreview } from "@baton/shared/knowledge";
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { SEARCH_AS, SEARCH_AS_WORDS, type SearchAs } from "../../state/knowledge/explain.ts";
import { at } from "../../state/knowledge/route.ts";
import { search, searching } from "../../stores/knowledge/searching.ts";
import { goKnowledge } from "../../stores/place.ts";
import { Page } from "./area.tsx";
import { HitCard } from "./hitCard.tsx";
import { Bones, Empty, Problem } from "./parts.tsx";

type Query = Readonly<Record<string, string>>;

export function SearchPage({ query }: { query: Query }): VNode {
  const asked = JSON.stringify(query);
  useEffect(() => void search(query), [asked]);
  return (
    <Page place="search">
      <div class="page-body">
        <Question query={query} />
        <Found />
      </div>
    </Page>
  );
}

function Question({ query }: { query: Query }): VNode {
  const [text, setText] = useState(query.q ?? "");
  const [as, setAs] = useState<SearchAs>(SEARCH_AS.find((each) => each === query.as) ?? "anybody");
  const [segments, setSegments] = useState(query.segments ?? "");
  const ask = (event: Event): void => {
    event.preventDefault();
    const chosen = { as: as === "anybody" ? "" : as, segments: as === "segments" ? segments : "" };
    const next = at("search", { q: text.trim(), ...chosen });
    // The same question again is asked again: an article may have changed meanwhile.
    if (JSON.stringify(next.query) === JSON.stringify(query)) void search(next.query);
    else goKnowledge(next);
  };
  return (
    <form class="ask" onSubmit={ask}>
      <label class="field ask-question">
        <span>Question</span>
        <input
          type="search"
          class="input"
          value={text}
          placeholder="As a customer would ask it"
          data-testid="search-question"
          required
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <label class="field">
        <span>Asked by</span>
        <select
          class="input"
          value={as}
          data-testid="search-as"
          onChange={(event) => setAs(event.currentTarget.value as SearchAs)}
        >
          {SEARCH_AS.map((each) => (
            <option key={each} value={each}>
              {SEARCH_AS_WORDS[each]}
            </option>
          ))}
        </select>
      </label>
      {as === "segments" && (
        <label class="field">
          <span>Segments</span>
          <input
            class="input"
            value={segments}
            required
            placeholder="gold, beta"
            onInput={(event) => setSegments(event.currentTarget.value)}
          />
        </label>
      )}
      <button type="submit" class="button button-primary" data-testid="search-submit">
        Search
      </button>
    </form>
  );
}

function Found(): VNode {
  const state = searching.value;
  switch (state.kind) {
    case "idle":
      return (
        <Empty icon="search" title="Ask something.">
          <p>
            You will see the passages in the order the AI agent gets them, and for each one what
            brought it there.
          </p>
        </Empty>
      );
    case "searching":
      return state.before ? <Hits found={state.before} old /> : <Bones what="the passages" />;
    case "failed":
      return <Problem words={state.words} />;
    default:
      return <Hits found={state.found} />;
  }
}

function Hits({ found, old = false }: { found: SearchPreview; old?: boolean }): VNode {
  if (found.hits.length === 0)
    return (
      <Empty icon="search" title="Nothing was found.">
        <p>
          No article that this reader may see comes near. The conversation would go to a person.
        </p>
      </Empty>
    );
  return (
    <section class={old ? "hits hits-old" : "hits"} aria-label="Passages found" aria-busy={old}>
      <Summary found={found} />
      <ol>
        {found.hits.map((hit, i) => (
          <HitCard key={hit.passage_id} hit={hit} place={i + 1} among={found.hits} />
        ))}
      </ol>
    </section>
  );
}

function Summary({ found }: { found: SearchPreview }): VNode {
  const covered = Math.round(found.coverage * 100);
  const mended = Object.entries(found.mended).map(([typed, read]) => `“${typed}” as “${read}”`);
  return (
    <p class="hits-summary">
      {mended.length > 0 && `Read ${mended.join(", ")}. `}
      The first passage holds {covered} % of the question’s words, weighted by how rare they are.
      {found.unknown_words.length > 0 && (
        <>
          {" "}
          No article mentions{" "}
          {found.unknown_words.map((word, i) => (
            <>
              {i > 0 && ", "}
              <strong key={word}>{word}</strong>
            </>
          ))}
          .
        </>
      )}{" "}
      <span class="number">
        Version {found.version}, {Math.round(found.took_ms)} ms.
      </span>
    </p>
  );
}
