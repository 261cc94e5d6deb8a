import type { Wait } from "@baton/shared/types";
import { Refusal, type WidgetApi } from "./api.ts";
import type { Cell, Cells } from "./cells.ts";

const ASK_EVERY = 20_000;
const LONG = 10 * 60;

/** How long a person will take, asked again while the customer waits; and what they may do instead. */
export class Waiting {
  readonly wait: Cell<Wait | null>;
  readonly problem: Cell<string>;
  private readonly api: Pick<WidgetApi, "wait" | "answerByEmail" | "askMeanwhile">;
  private id: string | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(cells: Cells, api: Pick<WidgetApi, "wait" | "answerByEmail" | "askMeanwhile">) {
    this.wait = cells.cell<Wait | null>(null);
    this.problem = cells.cell("");
    this.api = api;
  }

  /** The conversation that waits, or null; asking for the same one again changes nothing. */
  follow(id: string | null): void {
    if (id === this.id) return;
    this.id = id;
    clearTimeout(this.timer);
    this.wait.value = null;
    this.problem.value = "";
    if (id !== null) void this.ask();
  }

  answerByEmail(email: string): Promise<void> {
    return this.choose((id) => this.api.answerByEmail(id, email));
  }

  askMeanwhile(): Promise<void> {
    return this.choose((id) => this.api.askMeanwhile(id));
  }

  private async choose(choice: (id: string) => Promise<unknown>): Promise<void> {
    const { id } = this;
    if (id === null) return;
    this.problem.value = "";
    try {
      await choice(id);
      await this.ask();
    } catch (error) {
      this.problem.value =
        error instanceof Refusal ? error.detail : "That did not work. Please try again.";
    }
  }

  private async ask(): Promise<void> {
    const { id } = this;
    if (id === null) return;
    clearTimeout(this.timer);
    try {
      const told = await this.api.wait(id);
      if (id === this.id) this.wait.value = told;
    } catch {
      // What was said last stays; the next asking may work.
    }
    if (id === this.id) this.timer = setTimeout(() => void this.ask(), ASK_EVERY);
  }
}

const minutes = (seconds: number): string => {
  const whole = Math.max(1, Math.round(seconds / 60));
  if (whole < 60) return whole === 1 ? "a minute" : `${whole} minutes`;
  const hours = Math.round(whole / 60);
  return hours === 1 ? "an hour" : `${hours} hours`;
};

const moment = (iso: string): string =>
  new Date(iso).toLocaleString(undefined, { weekday: "long", hour: "numeric", minute: "2-digit" });

/** The place and the wait in words, with how sure they are. */
export function waitWords(wait: Wait): string {
  if (wait.opens_at) return `We are back on ${moment(wait.opens_at)}.`;
  const place = wait.position === 1 ? "You're next." : `You're number ${wait.position} in line.`;
  if (wait.typical_s === null || wait.most_s === null)
    return wait.online ? `${place} We can't say yet how long it takes.` : place;
  const [typical, most] = [minutes(wait.typical_s), minutes(wait.most_s)];
  if (typical === most) return `${place} It usually takes about ${typical}.`;
  return `${place} It usually takes about ${typical}, and nearly always less than ${most}.`;
}

/** Whether to offer something else than waiting here: it takes long, nobody is there, or nobody knows. */
export const offersElse = ({ opens_at, online, most_s }: Wait): boolean =>
  opens_at !== null || !online || most_s === null || most_s > LONG;
