import type { SyncState } from "@baton/shared/knowledge";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { SyncWatch } from "../../src/stores/knowledge/sync.ts";
import { finished, running } from "./fixtures.ts";

const IDLE: SyncState = { running: null, last: null };

class FakeApi {
  state = IDLE;
  asked = 0;

  sync(): Promise<SyncState> {
    this.asked++;
    return this.state === BROKEN
      ? Promise.reject(new Error("offline"))
      : Promise.resolve(this.state);
  }

  startSync(): Promise<SyncState> {
    this.state = { running: running(), last: this.state.last };
    return Promise.resolve(this.state);
  }

  stopSync(): Promise<SyncState> {
    return Promise.resolve(this.state);
  }
}

const BROKEN: SyncState = { running: null, last: null };
let api: FakeApi;
let said: string[];
let ended: number;
let watch: SyncWatch;

beforeEach(() => {
  vi.useFakeTimers();
  api = new FakeApi();
  said = [];
  ended = 0;
  watch = new SyncWatch(api, {
    announce: (words) => void said.push(words),
    finished: () => {
      ended++;
    },
  });
});
afterEach(() => vi.useRealTimers());

it("looks closely while a sync runs, and rarely otherwise", async () => {
  const stop = watch.watch();
  await vi.advanceTimersByTimeAsync(9_000);
  expect(api.asked).toBe(1);
  await watch.start(null);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(api.asked).toBeGreaterThan(4);
  stop();
  const asked = api.asked;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(api.asked).toBe(asked);
});

it("says that a sync ended, also one that nobody saw running", async () => {
  watch.watch();
  await vi.advanceTimersByTimeAsync(0);
  api.state = { running: null, last: finished() };
  await vi.advanceTimersByTimeAsync(11_000);
  expect(ended).toBe(1);
  await watch.start(null);
  api.state = { running: null, last: finished({ finished_at: "2026-03-01T10:00:00Z" }) };
  await vi.advanceTimersByTimeAsync(1_000);
  expect(ended).toBe(2);
  expect(said.at(-1)).toMatch(/^Sync finished/);
});

it("does not take an old end for news after a reload", async () => {
  api.state = { running: null, last: finished() };
  watch.watch();
  await vi.advanceTimersByTimeAsync(30_000);
  expect(ended).toBe(0);
  expect(said).toEqual([]);
});

it("goes on after a look that failed", async () => {
  watch.watch();
  await vi.advanceTimersByTimeAsync(0);
  api.state = BROKEN;
  await vi.advanceTimersByTimeAsync(10_500);
  api.state = { running: running(), last: null };
  await vi.advanceTimersByTimeAsync(10_500);
  expect(watch.state.value?.running?.started_by).toBe("Noor");
});
