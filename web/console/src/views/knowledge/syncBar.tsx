import type { FinishedSync, RunningSync } from "@baton/shared/knowledge";
import type { VNode } from "preact";
import {
  countWords,
  finishedWords,
  isNews,
  shareDone,
  stageWords,
  timeLeft,
} from "../../state/knowledge/progress.ts";
import { stopSync, sync } from "../../stores/knowledge/knowledge.ts";
import { now } from "../../stores/page.ts";
import { Icon } from "../icons.tsx";
import { When } from "./parts.tsx";

/** The sync that runs, or how the last one ended. */
export function SyncBar(): VNode | null {
  const { running, last } = sync.state.value ?? { running: null, last: null };
  if (running) return <Running running={running} />;
  return last && isNews(last, now.value) ? <Finished last={last} /> : null;
}

function Running({ running }: { running: RunningSync }): VNode {
  const share = shareDone(running);
  const facts = [countWords(running), timeLeft(running.seconds_left)].filter(Boolean);
  return (
    <section class="sync" aria-label="Running sync" data-testid="sync-running">
      <div class="sync-line">
        <strong>{running.stopping ? "Stopping…" : stageWords(running.stage)}</strong>
        <span class="sync-facts number">{facts.join(" · ")}</span>
        <button
          type="button"
          class="button"
          disabled={running.stopping}
          onClick={() => void stopSync()}
        >
          Stop
        </button>
      </div>
      <progress
        class={share === null ? "progress progress-unknown" : "progress"}
        aria-label={stageWords(running.stage)}
        max={1}
        value={share ?? undefined}
      />
      <p>
        Started by {running.started_by}. Customers are answered from the present version until this
        is done; you may leave this page.
      </p>
    </section>
  );
}

const TONES: Record<FinishedSync["outcome"], string> = {
  done: "sync-done",
  partly: "sync-partly",
  failed: "sync-failed",
  stopped: "sync-partly",
};

function Finished({ last }: { last: FinishedSync }): VNode {
  return (
    <p class={`sync sync-finished ${TONES[last.outcome]}`} data-testid="sync-finished">
      <Icon name={last.outcome === "done" ? "check" : "flag"} />
      <span>{finishedWords(last)}</span>
      <small>
        <When at={last.finished_at} />, by {last.started_by}
      </small>
    </p>
  );
}
