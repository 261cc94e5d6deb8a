import { shortAge } from "@baton/shared/time";
import type { SearchResult } from "@baton/shared/types";
import type { VNode } from "preact";
import { customerName } from "../state/inbox.ts";
import { now } from "../stores/page.ts";
import { place } from "../stores/place.ts";
import { ask, asked, found, more, openResult } from "../stores/search.ts";
import { flash } from "./flash.ts";
import { Icon } from "./icons.tsx";

export function SearchField(): VNode {
  return (
    <search class="list-search">
      <Icon name="search" />
      <input
        type="search"
        class="list-search-field"
        data-testid="search"
        aria-label="Search all conversations"
        placeholder="Search all conversations"
        maxLength={200}
        value={asked.value}
        onInput={(event) => ask(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.stopPropagation();
          if (asked.peek()) ask("");
          else event.currentTarget.blur();
        }}
      />
    </search>
  );
}

/** What was found, in place of the list. */
export function Results(): VNode {
  const answer = found.value;
  if (answer === null) return <p class="list-note">Searching…</p>;
  if (answer.problem)
    return (
      <div class="list-problem" role="alert">
        <p>{answer.problem}</p>
        <button type="button" class="button" onClick={() => ask(asked.peek())}>
          Try again
        </button>
      </div>
    );
  if (answer.results.length === 0)
    return (
      <div class="empty" data-testid="nothing-found">
        <strong>Nothing found.</strong>
        <p>
          All the words must stand in one message. Names, e-mail addresses and order numbers work
          too.
        </p>
      </div>
    );
  return (
    <>
      <p class="visually-hidden" role="status">
        {answer.results.length} conversations found
      </p>
      <ul class="rows" data-testid="results">
        {answer.results.map((result) => (
          <ResultRow key={result.conversation.id} result={result} />
        ))}
        {answer.next_cursor !== null && (
          <li class="rows-more">
            <button type="button" class="button" onClick={() => void more()}>
              Show more
            </button>
          </li>
        )}
      </ul>
    </>
  );
}

const AUTHORS = { customer: "", ai_agent: "AI agent: ", human_agent: "Team: ", system: "" };

function ResultRow({ result }: { result: SearchResult }): VNode {
  const { conversation, pieces, author_kind, note } = result;
  const open = place.value.conversation === conversation.id;
  return (
    <li>
      <button
        type="button"
        class="row"
        data-testid="row"
        data-conversation-id={conversation.id}
        aria-current={open ? "true" : undefined}
        onClick={() => openResult(result, flash)}
      >
        <span class="row-line">
          <span class="row-name">{customerName(conversation.customer)}</span>
          <span class="row-age">{shortAge(result.at, now.value)}</span>
        </span>
        <span class="row-subject">{conversation.subject ?? "No subject yet"}</span>
        {pieces.length > 0 && (
          <span class="row-preview row-hit">
            {note ? "Note: " : author_kind && AUTHORS[author_kind]}
            {pieces.map((piece, at) =>
              piece.hit ? <mark key={at}>{piece.text}</mark> : <span key={at}>{piece.text}</span>,
            )}
          </span>
        )}
      </button>
    </li>
  );
}
