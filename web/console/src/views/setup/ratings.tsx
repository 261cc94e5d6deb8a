import type { RatingOverview, RatingTally } from "@baton/shared/desk";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { share } from "../../state/setup/ratings.ts";
import { Loaded } from "../../stores/loaded.ts";
import { go } from "../../stores/place.ts";
import { deskApi } from "../../stores/session.ts";
import { SCALE_WORDS } from "../../words.ts";
import { Ready, When } from "../knowledge/parts.tsx";
import { SetupHead } from "./area.tsx";

const overview = new Loaded<RatingOverview>(() => deskApi.ratings());

/** What customers said of the help they got. */
export function RatingsPage(): VNode {
  useEffect(() => void overview.load(), []);
  return (
    <>
      <SetupHead page="ratings" />
      <div class="page-body" data-testid="ratings">
        <Ready load={overview.state.value} what="the ratings" onRetry={() => void overview.load()}>
          {(found) => <Found found={found} />}
        </Ready>
      </div>
    </>
  );
}

function Found({ found }: { found: RatingOverview }): VNode {
  if (found.tallies.length === 0)
    return (
      <div class="empty">
        <strong>Nobody was asked in the last {found.days} days.</strong>
        <p>
          Customers are asked when a person resolves a conversation that they wrote in, and when the
          AI agent has answered and it stays quiet. Both are set under Routing and hours.
        </p>
      </div>
    );
  return (
    <>
      <div class="rating-cards">
        {found.tallies.map((tally) => (
          <TallyCard key={`${tally.scale}${tally.about}`} tally={tally} />
        ))}
      </div>
      <section class="card setup-section">
        <h2>In their words</h2>
        {found.remarks.length === 0 && <p class="quiet">Nobody has added words yet.</p>}
        <ul class="rating-remarks">
          {found.remarks.map((one) => (
            <li key={one.id}>
              <p dir="auto">{one.remark}</p>
              <p class="quiet">
                {one.score}
                {SCALE_WORDS[one.scale].of}, about {one.name ?? "the AI agent"},{" "}
                <When at={one.answered_at ?? one.asked_at} />{" "}
                <button
                  type="button"
                  class="link"
                  onClick={() => go({ conversation: one.conversation_id, view: "resolved" })}
                >
                  Open the conversation
                </button>
              </p>
            </li>
          ))}
        </ul>
      </section>
    </>
  );
}

function TallyCard({ tally }: { tally: RatingTally }): VNode {
  const { scale, about, asked, answered, average } = tally;
  const { name, of } = SCALE_WORDS[scale];
  const main =
    scale === "solved" ? share(tally.scores[1] ?? 0, answered) : (average?.toFixed(1) ?? "–");
  return (
    <section class="card rating-card" aria-label={`${name} ${about ?? "AI agent"}`}>
      <h2>{about ?? "The AI agent"}</h2>
      <p class="quiet">{name}</p>
      <p class="rating-main">
        {main}
        {scale !== "solved" && <small>{of}</small>}
        {scale === "solved" && <small> said yes</small>}
      </p>
      <Bars tally={tally} />
      <p class="quiet">
        {answered} of {asked} answered
      </p>
    </section>
  );
}

function Bars({ tally }: { tally: RatingTally }): VNode {
  const scores = Array.from(
    { length: tally.highest - tally.lowest + 1 },
    (_, at) => tally.lowest + at,
  );
  const most = Math.max(1, ...Object.values(tally.scores));
  return (
    <ol class="rating-bars">
      {scores.map((score) => {
        const count = tally.scores[score] ?? 0;
        return (
          <li key={score}>
            <span class="rating-bar" style={{ height: `${(count / most) * 100}%` }} />
            <span>{tally.scale === "solved" ? (score ? "yes" : "no") : score}</span>
            <span class="visually-hidden">: {count}</span>
          </li>
        );
      })}
    </ol>
  );
}
