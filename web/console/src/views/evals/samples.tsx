import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Candidate, MadeSample, ReviewQueue, WholeSample } from "../../evalTypes.ts";
import { BECAUSE_WORDS, sampleProblem } from "../../state/evals.ts";
import { sampleOf } from "../../state/sampleText.ts";
import { makeSample, reviewQueue, saveSample } from "../../stores/evals.ts";
import { go } from "../../stores/place.ts";
import { reasonWords } from "../../words.ts";
import { Empty, Problem, Ready, When } from "../knowledge/parts.tsx";
import { EvalHead } from "./area.tsx";
import { SampleFields } from "./sampleFields.tsx";

/** Conversations that are worth a sample, proposals to review, and the file of what was kept. */
export function SamplesPage(): VNode {
  useEffect(() => void reviewQueue.load(), []);
  return (
    <>
      <EvalHead
        title="Samples from conversations"
        lead="What went wrong once is asked again before every change."
        back={{ to: { page: "runs" }, words: "All runs" }}
      >
        <a class="button" href="/console/v1/evals/samples/file" download="from_production.jsonl">
          Download what was kept
        </a>
      </EvalHead>
      <div class="page-body">
        <Ready
          load={reviewQueue.state.value}
          what="the samples"
          onRetry={() => void reviewQueue.load()}
        >
          {(queue) => <QueueView queue={queue} />}
        </Ready>
      </div>
    </>
  );
}

export function QueueView({ queue }: { queue: ReviewQueue }): VNode {
  const proposed = queue.samples.filter((one) => one.state === "proposed");
  const kept = queue.samples.filter((one) => one.state === "kept");
  if (queue.candidates.length + queue.samples.length === 0) {
    return (
      <Empty icon="evals" title="Nothing to review.">
        <p>
          Low ratings, corrections and handoffs appear here once they are resolved. You can also
          open any conversation and press “Make a sample”.
        </p>
      </Empty>
    );
  }
  return (
    <>
      <section class="card eval-section" aria-labelledby="proposed">
        <h2 id="proposed">To review ({proposed.length})</h2>
        {proposed.length === 0 && <p class="quiet">No proposal waits.</p>}
        {proposed.map((one) => (
          <Review key={one.id} made={one} />
        ))}
      </section>
      <section class="card eval-section" aria-labelledby="candidates">
        <h2 id="candidates">Worth a sample ({queue.candidates.length})</h2>
        <ul class="eval-results">
          {queue.candidates.map((one) => (
            <CandidateLine key={one.conversation_id} one={one} />
          ))}
        </ul>
      </section>
      <section class="card eval-section" aria-labelledby="kept">
        <h2 id="kept">Kept ({kept.length})</h2>
        {kept.map((one) => (
          <Review key={one.id} made={one} />
        ))}
      </section>
    </>
  );
}

function CandidateLine({ one }: { one: Candidate }): VNode {
  const detail = one.because === "handed_off" ? reasonWords(one.detail) : one.detail;
  return (
    <li>
      <strong>{BECAUSE_WORDS[one.because]}</strong> {detail} <When at={one.at} />
      <span class="card-actions">
        <button type="button" class="button" onClick={() => void makeSample(one.conversation_id)}>
          Make a sample
        </button>
        <ConversationLink id={one.conversation_id} />
      </span>
    </li>
  );
}

function ConversationLink({ id }: { id: string }): VNode {
  return (
    <button type="button" class="link" onClick={() => go({ conversation: id })}>
      Open the conversation
    </button>
  );
}

function Review({ made }: { made: MadeSample }): VNode {
  const [text, setText] = useState(() => JSON.stringify(made.sample, null, 2));
  const [problem, setProblem] = useState<string | null>(null);
  const save = async (state: MadeSample["state"]): Promise<void> => {
    const wrong = sampleProblem(text);
    setProblem(wrong ?? (await saveSample(made.id, JSON.parse(text), state)));
  };
  return (
    <details class="eval-review" open={made.state === "proposed"}>
      <summary>{String(made.sample.id ?? made.id)}</summary>
      <PeopleSaid made={made} />
      <p class="quiet">Read it: names and numbers are taken out by rules, and rules miss some.</p>
      <SampleFields text={text} onText={setText} />
      <details open={sampleOf(text) === null}>
        <summary>All of it, as JSON</summary>
        <textarea
          class="input eval-json"
          aria-label="The sample as JSON"
          rows={Math.min(24, text.split("\n").length + 1)}
          spellcheck={false}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </details>
      <Problem words={problem} />
      <div class="card-actions">
        <button type="button" class="button button-primary" onClick={() => void save("kept")}>
          Keep
        </button>
        <button type="button" class="button" onClick={() => void save("dismissed")}>
          Dismiss
        </button>
        <ConversationLink id={made.conversation_id} />
      </div>
    </details>
  );
}

/** Asked for when it is wanted: the list of samples does not hold it. */
function PeopleSaid({ made }: { made: MadeSample | WholeSample }): VNode | null {
  if (!("said_by_people" in made))
    return (
      <button type="button" class="link" onClick={() => void makeSample(made.conversation_id)}>
        Show what people answered
      </button>
    );
  if (made.said_by_people.length === 0) return null;
  return (
    <div>
      <p class="quiet">What people answered. Write below what a right answer must say:</p>
      {made.said_by_people.map((one) => (
        <blockquote key={one}>{one}</blockquote>
      ))}
    </div>
  );
}
