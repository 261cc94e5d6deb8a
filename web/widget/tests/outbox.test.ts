import { expect, test } from "vitest";
import { Refusal, Unreachable } from "../src/api.ts";
import { Outbox, type OutboxEntry } from "../src/outbox.ts";
import { memoryStorage } from "../src/storage.ts";

const entry = (id: string, createdAt = 0) => ({
  id,
  kind: "message" as const,
  key: "k",
  conversationId: null,
  text: id,
  createdAt,
});
const flush = () => new Promise((resolve) => setTimeout(resolve));

/** An outbox whose deliveries follow a script and whose pauses are noted instead of waited out. */
function scripted(script: (Error | "ok")[], storage = memoryStorage()) {
  const delivered: string[] = [];
  const pauses: number[] = [];
  const states: string[] = [];
  const outbox = new Outbox({
    storage,
    deliver: async (sent: OutboxEntry) => {
      delivered.push(sent.id);
      const next = script.shift() ?? "ok";
      if (next !== "ok") throw next;
    },
    onChange: (entries) => states.push(entries.map((each) => `${each.id}:${each.state}`).join()),
    sleep: async (ms) => void pauses.push(ms),
    random: () => 1,
  });
  return { outbox, storage, delivered, pauses, states };
}

test("entries go out one at a time, in order, and leave storage when acknowledged", async () => {
  const { outbox, storage, delivered } = scripted([]);
  outbox.add(entry("a"));
  outbox.add(entry("b"));
  await flush();
  expect(delivered).toEqual(["a", "b"]);
  expect(outbox.entries).toEqual([]);
  expect(storage.keys()).toEqual([]);
});

test("a lost connection waits longer each time, and the order is kept", async () => {
  const lost = () => new Unreachable();
  const { outbox, delivered, pauses } = scripted([lost(), lost(), lost()]);
  outbox.add(entry("a"));
  outbox.add(entry("b"));
  await flush();
  expect(delivered).toEqual(["a", "a", "a", "a", "b"]);
  expect(pauses).toEqual([1_000, 2_000, 4_000]);
});

test("a 429 waits as long as the server says", async () => {
  const { outbox, pauses, states } = scripted([new Refusal(429, {}, 7_000)]);
  outbox.add(entry("a"));
  await flush();
  expect(pauses).toEqual([7_000]);
  expect(states).toEqual(["a:sending", "a:waiting", "a:sending", ""]);
});

test.each([409, 413, 422, 404])(
  "a %i fails with the detail and lets the next one through",
  async (status) => {
    const { outbox, delivered } = scripted([new Refusal(status, { code: "c", detail: "why" })]);
    outbox.add(entry("a"));
    outbox.add(entry("b"));
    await flush();
    expect(delivered).toEqual(["a", "b"]);
    expect(outbox.entries).toMatchObject([{ id: "a", state: "failed", code: "c", detail: "why" }]);
  },
);

test("a server error is tried again, it is not the message's fault", async () => {
  const { outbox, delivered } = scripted([new Refusal(503, {}), new Refusal(500, {})]);
  outbox.add(entry("a"));
  await flush();
  expect(delivered).toEqual(["a", "a", "a"]);
});

test("a reload finds the entries in the order they were written", async () => {
  const { outbox, storage } = scripted([new Refusal(413, {}), new Refusal(413, {})]);
  outbox.add(entry("late", 2));
  outbox.add(entry("early", 1));
  await flush();
  const after = scripted([], storage);
  expect(after.outbox.entries.map((each) => each.id)).toEqual(["early", "late"]);
  after.outbox.retry("early", { id: "fresh" });
  await flush();
  expect(after.delivered).toEqual(["fresh"]);
  expect(storage.keys()).toEqual(["outbox:late"]);
});

test("an acknowledgement by event during sending is enough", async () => {
  const { outbox, storage } = scripted([new Unreachable()]);
  outbox.add(entry("a"));
  outbox.acknowledge("a");
  await flush();
  expect(outbox.entries).toEqual([]);
  expect(storage.keys()).toEqual([]);
});

test("damaged storage is dropped, the rest is kept", () => {
  const storage = memoryStorage();
  storage.set("outbox:bad", "{half");
  storage.set("outbox:good", JSON.stringify({ ...entry("good"), state: "waiting" }));
  expect(scripted([], storage).outbox.entries.map((each) => each.id)).toEqual(["good"]);
  expect(storage.keys()).toEqual(["outbox:good"]);
});
