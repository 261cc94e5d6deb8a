import type { Wait } from "@baton/shared/types";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Refusal } from "../src/api.ts";
import { Cells } from "../src/cells.ts";
import { offersElse, Waiting, waitWords } from "../src/waiting.ts";

const WAIT: Wait = {
  position: 3,
  typical_s: 240,
  most_s: 660,
  from_past: 40,
  opens_at: null,
  online: true,
  can_email: true,
  email: null,
  reply_by_email: null,
  ai_meanwhile: false,
};

const api = () => ({
  wait: vi.fn((_id: string) => Promise.resolve<Wait | null>(WAIT)),
  answerByEmail: vi.fn((_id: string, _email: string) => Promise.resolve<unknown>({})),
  askMeanwhile: vi.fn((_id: string) => Promise.resolve<unknown>({})),
});

describe("a wait in words", () => {
  it("names place, usual time and how sure that is", () => {
    expect(waitWords(WAIT)).toBe(
      "You're number 3 in line. It usually takes about 4 minutes, and nearly always less than 11 minutes.",
    );
    expect(waitWords({ ...WAIT, position: 1, typical_s: 30, most_s: 50 })).toBe(
      "You're next. It usually takes about a minute.",
    );
  });

  it("says so when too little is known", () => {
    expect(waitWords({ ...WAIT, typical_s: null, most_s: null })).toContain("can't say yet");
  });

  it("says when the team is back", () => {
    expect(waitWords({ ...WAIT, opens_at: "2026-12-01T09:00:00Z" })).toMatch(/^We are back on /);
  });

  it("offers something else only when waiting here is not short", () => {
    expect(offersElse({ ...WAIT, most_s: 120 })).toBe(false);
    expect(offersElse(WAIT)).toBe(true);
    expect(offersElse({ ...WAIT, most_s: 120, online: false })).toBe(true);
  });
});

describe("following a wait", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("asks again until somebody is there, and not after", async () => {
    const service = api();
    const waiting = new Waiting(new Cells(), service);
    waiting.follow("c1");
    waiting.follow("c1");
    await vi.advanceTimersByTimeAsync(45_000);
    expect(service.wait).toHaveBeenCalledTimes(3);
    expect(waiting.wait.value).toEqual(WAIT);
    waiting.follow(null);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(service.wait).toHaveBeenCalledTimes(3);
    expect(waiting.wait.value).toBeNull();
  });

  it("keeps the refusal's words where they can be read", async () => {
    const service = api();
    service.answerByEmail.mockRejectedValueOnce(new Refusal(422, { detail: "Please check it." }));
    const waiting = new Waiting(new Cells(), service);
    waiting.follow("c1");
    await waiting.answerByEmail("nonsense");
    expect(waiting.problem.value).toBe("Please check it.");
    await waiting.answerByEmail("ava@mail.example");
    expect(waiting.problem.value).toBe("");
    waiting.follow(null);
  });
});
