import { shortAge } from "@baton/shared/time";
import type { Summary } from "@baton/shared/types";
import type { VNode } from "preact";
import { customerName } from "../state/inbox.ts";
import { formatWaiting, spokenWaiting, waitingLevel } from "../state/waiting.ts";
import {
  hasMore,
  knownTags,
  listProblem,
  loadMore,
  loadTags,
  loadView,
  rows,
  tagFilter,
} from "../stores/inbox.ts";
import { now, railOpen } from "../stores/page.ts";
import { go, place } from "../stores/place.ts";
import { asked } from "../stores/search.ts";
import { me } from "../stores/session.ts";
import { EMPTY_WORDS, isDelicate, reasonWords, VIEW_WORDS } from "../words.ts";
import { Icon } from "./icons.tsx";
import { Results, SearchField } from "./search.tsx";
import { SlaChip } from "./slaChip.tsx";

export function ConversationList(): VNode {
  const { view } = place.value;
  const list = rows.value;
  return (
    <section class="list" aria-label={`Conversations: ${VIEW_WORDS[view]}`}>
      <header class="list-head">
        <button
          type="button"
          class="icon-button only-narrow"
          aria-label="Views and team"
          data-testid="menu"
          onClick={() => {
            railOpen.value = true;
          }}
        >
          <Icon name="menu" />
        </button>
        <h1>{VIEW_WORDS[view]}</h1>
        {list !== null && <span class="list-count">{list.length}</span>}
        {view === "queue" && list !== null && list.length > 1 && (
          <span class="list-order">Next in turn first</span>
        )}
      </header>
      <SearchField />
      <TagFilter />
      {asked.value.trim() ? (
        <Results />
      ) : (
        <>
          <ListProblem />
          {list === null ? <Skeletons /> : <Rows list={list} />}
        </>
      )}
    </section>
  );
}

/** Once there are tags: the list of one of them only. */
function TagFilter(): VNode | null {
  const chosen = tagFilter.value;
  const known = knownTags.value;
  if (known.length === 0 && chosen === null) return null;
  const gone = chosen !== null && !known.some(({ tag }) => tag === chosen);
  return (
    <label class="tag-filter">
      <Icon name="tag" />
      <span class="visually-hidden">Only conversations with the tag</span>
      <select
        data-testid="tag-filter"
        value={chosen ?? ""}
        onFocus={() => void loadTags()}
        onChange={(event) => {
          tagFilter.value = event.currentTarget.value || null;
        }}
      >
        <option value="">All tags</option>
        {gone && <option value={chosen}>{chosen}</option>}
        {known.map(({ tag }) => (
          <option key={tag} value={tag}>
            {tag}
          </option>
        ))}
      </select>
    </label>
  );
}

function ListProblem(): VNode | null {
  const words = listProblem.value;
  if (!words) return null;
  return (
    <div class="list-problem" role="alert">
      <p>{words}</p>
      <button type="button" class="button" onClick={() => void loadView(place.peek().view)}>
        Try again
      </button>
    </div>
  );
}

function Rows({ list }: { list: Summary[] }): VNode {
  const { view } = place.value;
  if (list.length === 0) {
    const tag = tagFilter.value;
    const words = tag
      ? { title: `Nothing here has the tag “${tag}”.`, next: "Choose another list, or all tags." }
      : EMPTY_WORDS[view];
    return (
      <div class="empty" data-testid="empty">
        <span class="empty-art">
          <Icon name={view} />
        </span>
        <strong>{words.title}</strong>
        <p>{words.next}</p>
      </div>
    );
  }
  return (
    <ul class="rows">
      {list.map((row) => (
        <RowItem key={row.id} row={row} />
      ))}
      {hasMore.value && (
        <li class="rows-more">
          <button type="button" class="button" onClick={() => void loadMore()}>
            Show more
          </button>
        </li>
      )}
    </ul>
  );
}

function RowItem({ row }: { row: Summary }): VNode {
  const open = place.value.conversation === row.id;
  return (
    <li>
      <button
        type="button"
        class="row"
        data-testid="row"
        data-conversation-id={row.id}
        aria-current={open ? "true" : undefined}
        onClick={() => go({ conversation: row.id })}
      >
        <span class="row-line">
          <span class="row-name">
            {customerName(row.customer)}
            {row.customer.verified && <Verified />}
          </span>
          <RowTime row={row} />
        </span>
        <span class="row-subject">{row.subject ?? "No subject yet"}</span>
        {row.preview && saysMore(row) && (
          <span class="row-preview">
            {PREVIEW_AUTHOR[row.preview.author_kind]}
            {row.preview.text}
          </span>
        )}
        <span class="row-chips">
          {row.reason && row.status !== "resolved" && <ReasonChip code={row.reason} />}
          {row.status === "queued" && <PlaceChips row={row} />}
          <SlaChip clocks={row.clocks} />
          <OwnerChip row={row} />
          {row.tags.map((tag) => (
            <span key={tag} class="chip chip-tag">
              {tag}
            </span>
          ))}
        </span>
      </button>
    </li>
  );
}

/** Whose queue, and what moved it up, with the reasons behind it. */
function PlaceChips({ row }: { row: Summary }): VNode {
  const why = row.placed_because.join("; ");
  return (
    <>
      {row.team && (
        <span class="chip" title={why}>
          {row.team}
        </span>
      )}
      {row.head_start_minutes > 0 && (
        <span class="chip" title={why}>
          +{row.head_start_minutes} min
        </span>
      )}
    </>
  );
}

/** A conversation of one message has the same words in subject and preview. */
const saysMore = ({ subject, preview }: Summary): boolean =>
  preview?.author_kind !== "customer" ||
  !preview.text.startsWith((subject ?? "-").replace(/\s+/g, " ").trim());

const PREVIEW_AUTHOR = { customer: "", ai_agent: "AI agent: ", human_agent: "Team: ", system: "" };

export function Verified(): VNode {
  return (
    <span class="verified" role="img" aria-label="verified customer" title="Verified customer">
      <Icon name="shield" />
    </span>
  );
}

export function ReasonChip({ code }: { code: string }): VNode {
  const tone = isDelicate(code) ? "chip chip-delicate" : "chip chip-reason";
  return <span class={tone}>{reasonWords(code)}</span>;
}

function OwnerChip({ row }: { row: Summary }): VNode | null {
  if (row.assignee) {
    const mine = row.assignee.id === me.value?.id;
    return <span class="chip chip-owner">{mine ? "You" : row.assignee.display_name}</span>;
  }
  if (row.status === "automated") return <span class="chip chip-ai">AI agent</span>;
  if (row.status === "queued" && place.value.view === "open")
    return <span class="chip">In the queue</span>;
  return null;
}

function RowTime({ row }: { row: Summary }): VNode {
  if (row.status === "queued" && row.waiting_since) return <Waiting since={row.waiting_since} />;
  if (row.status === "assigned" && row.preview?.author_kind === "customer")
    return (
      <span class="needs-reply" title="The customer wrote last">
        <span class="visually-hidden">customer wrote last, </span>
        {shortAge(row.updated_at, now.value)}
      </span>
    );
  return <span class="row-age">{shortAge(row.updated_at, now.value)}</span>;
}

export function Waiting({ since }: { since: string }): VNode {
  const elapsed = now.value - Date.parse(since);
  return (
    <span class={`waiting waiting-${waitingLevel(elapsed)}`}>
      <span aria-hidden="true">{formatWaiting(elapsed)}</span>
      <span class="visually-hidden">waiting {spokenWaiting(elapsed)}</span>
    </span>
  );
}

function Skeletons(): VNode {
  return (
    <div class="skeletons" role="status" aria-label="Loading conversations">
      {[1, 2, 3, 4].map((each) => (
        <div key={each} class="skeleton-row">
          <i class="bone bone-half" />
          <i class="bone" />
          <i class="bone bone-third" />
        </div>
      ))}
    </div>
  );
}
