import type { Rating, RatingScale } from "@baton/shared/types";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { Refusal } from "../api.ts";
import type { Chat } from "../chat.ts";
import { survey } from "../timeline.ts";

interface Question {
  asks: string;
  scores: readonly number[];
  worst: string;
  best: string;
}

const upTo = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, at) => first + at);

const QUESTIONS: Record<Exclude<RatingScale, "solved">, Question> = {
  csat: { asks: "How was the help you got?", scores: upTo(1, 5), worst: "Terrible", best: "Great" },
  ces: {
    asks: "How easy was it to get this settled?",
    scores: upTo(1, 7),
    worst: "Very hard",
    best: "Very easy",
  },
  nps: {
    asks: "How likely would you recommend us to a friend?",
    scores: upTo(0, 10),
    worst: "Not at all",
    best: "Very likely",
  },
};

/** How the help of people was, once a person has resolved the conversation. */
export function Survey({ chat }: { chat: Chat }): VNode | null {
  const rating = survey(chat.timeline);
  if (!rating || rating.scale === "solved") return null;
  return <Card key={rating.id} chat={chat} rating={rating} question={QUESTIONS[rating.scale]} />;
}

function Card(props: { chat: Chat; rating: Rating; question: Question }): VNode {
  const { chat, rating, question } = props;
  const [problem, setProblem] = useState("");
  const rate = (score: number, remark: string | null): void => {
    setProblem("");
    chat.rate(rating, score, remark).catch((error) => setProblem(words(error)));
  };
  const over = rating.remark !== null;
  return (
    <section class="card survey" data-testid="survey" aria-label={question.asks}>
      <p class="survey-asks">{over ? "Thank you for telling us." : question.asks}</p>
      {!over && (
        <Scores question={question} chosen={rating.score} onChoose={(n) => rate(n, null)} />
      )}
      {!over && rating.score !== null && (
        <Remark onSend={(remark) => rating.score !== null && rate(rating.score, remark)} />
      )}
      <p role="alert">{problem}</p>
    </section>
  );
}

interface ScoresProps {
  question: Question;
  chosen: number | null;
  onChoose: (score: number) => void;
}

function Scores({ question, chosen, onChoose }: ScoresProps): VNode {
  const { scores, worst, best } = question;
  const said = (score: number): string => {
    if (score === scores[0]) return `${score}, ${worst}`;
    return score === scores.at(-1) ? `${score}, ${best}` : String(score);
  };
  return (
    <>
      <div class="scores" data-many={scores.length > 7}>
        {scores.map((score) => (
          <button
            key={score}
            type="button"
            class="score"
            data-testid={`score-${score}`}
            aria-label={said(score)}
            aria-pressed={chosen === score}
            onClick={() => onChoose(score)}
          >
            {score}
          </button>
        ))}
      </div>
      <p class="scale" aria-hidden="true">
        <span>{worst}</span>
        <span>{best}</span>
      </p>
    </>
  );
}

function Remark({ onSend }: { onSend: (remark: string) => void }): VNode {
  const [text, setText] = useState("");
  return (
    <form
      class="remark"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim()) onSend(text.trim());
      }}
    >
      <p role="status">Thank you.</p>
      <label>
        Anything to add? You need not.
        <textarea
          rows={2}
          maxLength={2000}
          data-testid="remark"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="button" data-testid="send-remark" disabled={!text.trim()}>
        Send
      </button>
    </form>
  );
}

/** What went wrong, for the customer. */
export const words = (error: unknown): string =>
  error instanceof Refusal ? error.detail : "That did not work. Please try again.";
