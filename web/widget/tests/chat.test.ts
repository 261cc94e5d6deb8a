import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Chat } from "../src/chat.ts";
import { type KeyValue, memoryStorage } from "../src/storage.ts";
import { items } from "../src/timeline.ts";
import { FakeService, statusChanged } from "./fakeService.ts";

let service: FakeService;
let storage: KeyValue;
let chats: Chat[];

beforeEach(() => {
  vi.useFakeTimers();
  service = new FakeService();
  storage = memoryStorage();
  chats = [];
});
afterEach(() => {
  for (const chat of chats) chat.stop();
  vi.useRealTimers();
});

function openPage(): Chat {
  const chat = new Chat({ base: "http://baton.test/", storage, fetch: service.fetch });
  chats.push(chat);
  chat.start();
  return chat;
}

function reload(chat: Chat): Chat {
  chat.stop();
  return openPage();
}

const settle = (ms = 50) => vi.advanceTimersByTimeAsync(ms);

/** What the log shows: text of messages, "(text)" for those on their way, "—" lines for transitions. */
function log(chat: Chat): string[] {
  return items(chat.timeline, chat.pending).map((item) => {
    if (item.type === "message") return item.message.text;
    if (item.type === "card") return `[${item.card.title}]`;
    return item.type === "pending" ? `(${item.entry.text})` : `— ${item.transition.text}`;
  });
}

test("nothing is opened on the server before the first message", async () => {
  const chat = openPage();
  chat.open();
  await settle();
  expect(service.requests.map((each) => each.path)).toEqual(["/config"]);
  chat.send("hello");
  await settle();
  expect(service.posted()).toEqual(["hello"]);
  expect(log(chat)).toEqual(["hello"]);
});

test("the event before the response renders one bubble", async () => {
  const chat = openPage();
  let release = (): void => undefined;
  service.held = new Promise((resolve) => {
    release = resolve;
  });
  chat.send("hello");
  await settle();
  expect(log(chat)).toEqual(["hello"]);
  expect(chat.pending).toHaveLength(0);
  release();
  await settle();
  expect(log(chat)).toEqual(["hello"]);
});

test("the response before the event renders one bubble", async () => {
  const chat = openPage();
  chat.send("first");
  await settle();
  const stored = service.only();
  const streams = [...stored.streams];
  stored.streams.clear();
  chat.send("second");
  await settle();
  expect(log(chat)).toEqual(["first", "second"]);
  for (const each of streams) stored.streams.add(each);
  const last = stored.log.at(-1);
  for (const each of streams) {
    const text = `id: ${last?.seq}\nevent: ${last?.name}\ndata: ${JSON.stringify(last?.data)}\n\n`;
    each.enqueue(new TextEncoder().encode(text));
  }
  await settle();
  expect(log(chat)).toEqual(["first", "second"]);
});

test("a message whose answer was lost is sent again and shown once", async () => {
  const chat = openPage();
  service.faults = ["lost-answer"];
  chat.send("hello");
  await settle(5_000);
  expect(log(chat)).toEqual(["hello"]);
  expect(service.only().log).toHaveLength(1);
});

test("messages written offline survive a reload and go out in order", async () => {
  const chat = openPage();
  service.faults = ["offline", "offline", "offline", "offline"];
  chat.send("one");
  chat.send("two");
  await settle(20);
  expect(log(chat)).toEqual(["(one)", "(two)"]);
  const after = reload(chat);
  expect(log(after)).toEqual(["(one)", "(two)"]);
  await settle(60_000);
  expect(log(after)).toEqual(["one", "two"]);
  expect(service.only().log).toHaveLength(2);
  expect(reload(after).pending).toHaveLength(0);
});

test("a refused message fails with the server's words and does not hold up the next one", async () => {
  const chat = openPage();
  const errors: string[] = [];
  chat.events.on("error", ({ detail }) => errors.push(detail));
  service.faults = [413];
  chat.send("too long");
  chat.send("short");
  await settle(5_000);
  expect(log(chat)).toEqual(["short", "(too long)"]);
  expect(chat.pending[0]).toMatchObject({ state: "failed", detail: "detail of refused_413" });
  expect(errors).toEqual(["detail of refused_413"]);
});

test("retrying after a 409 uses a fresh id", async () => {
  const chat = openPage();
  service.faults = [409];
  chat.send("hello");
  await settle();
  const [failed] = chat.pending;
  if (!failed) throw new Error("expected a failed entry");
  expect(failed.state).toBe("failed");
  chat.retry({ ...failed, code: "client_message_id_reused" });
  await settle();
  expect(log(chat)).toEqual(["hello"]);
  const ids = service.requests.map((each) => each.body.client_message_id).filter(Boolean);
  expect(new Set(ids).size).toBe(2);
});

test("a reload shows the conversation again, transitions included", async () => {
  const chat = openPage();
  chat.send("hello");
  await settle();
  const stored = service.only();
  service.publish(stored, "status_changed", statusChanged());
  service.add(stored, { text: "reply" });
  await settle();
  const before = log(chat);
  expect(before).toEqual(["hello", "— You're in the queue — we'll be with you shortly", "reply"]);
  const after = reload(chat);
  await settle();
  expect(log(after)).toEqual(before);
});

test("history is no news after a reload", async () => {
  const chat = openPage();
  chat.send("hello");
  await settle();
  service.add(service.only(), { text: "reply" });
  await settle();
  const after = reload(chat);
  const heard: string[] = [];
  after.events.on("message", ({ message }) => heard.push(message.text));
  await settle();
  service.add(service.only(), { text: "news" });
  await settle();
  expect(heard).toEqual(["news"]);
});

test("unread messages are counted while the panel is closed, also across a reload", async () => {
  const chat = openPage();
  chat.open();
  chat.send("hello");
  await settle();
  chat.markRead();
  chat.close();
  service.add(service.only(), { text: "reply" });
  await settle();
  expect(chat.unread).toBe(1);
  const after = reload(chat);
  await settle();
  expect(after.unread).toBe(1);
  after.open();
  after.markRead();
  after.close();
  expect(after.unread).toBe(0);
});

test("an expired visitor session moves what was left unsent to a new conversation", async () => {
  const chat = openPage();
  chat.send("before");
  await settle();
  service.sessions.clear();
  chat.send("after");
  await settle(10_000);
  expect(chat.pending).toHaveLength(0);
  expect(log(chat)).toEqual(["after"]);
  expect(service.posted().filter((text) => text === "after").length).toBeGreaterThan(0);
});

test("a visitor who signs in keeps the conversation", async () => {
  const chat = openPage();
  chat.send("hello");
  await settle();
  await chat.setUser("ada");
  await settle();
  expect(chat.customer.value?.verified).toBe(true);
  expect(log(chat)).toEqual(["hello"]);
  chat.send("again");
  await settle();
  expect(log(chat)).toEqual(["hello", "again"]);
  expect(service.only().owner).toBe("c-ada");
});

test("another customer on the same page sees nothing of the first", async () => {
  const chat = openPage();
  await chat.setUser("ada");
  service.faults = ["offline"];
  chat.send("secret");
  await settle(10);
  await chat.setUser("noor");
  await settle(60_000);
  expect(log(chat)).toEqual([]);
  expect(storage.keys().filter((key) => key.startsWith("outbox"))).toEqual([]);
  expect(service.posted().filter((text) => text === "secret")).toHaveLength(1);
});

test("reset signs out and forgets", async () => {
  const chat = openPage();
  await chat.setUser("ada");
  chat.send("hello");
  await settle();
  chat.reset();
  expect(chat.customer.value).toBeNull();
  expect(log(chat)).toEqual([]);
  expect(storage.get("session")).toBeNull();
});

test("asking for a person without a conversation opens one and asks once", async () => {
  const chat = openPage();
  chat.requestHuman();
  chat.requestHuman();
  expect(chat.askingForHuman).toBe(true);
  await settle();
  expect(service.requests.filter((each) => each.path.endsWith("/human"))).toHaveLength(1);
  expect(chat.askingForHuman).toBe(false);
});

test("the reconnecting notice comes after two seconds and goes when the line is back", async () => {
  const chat = openPage();
  chat.send("hello");
  await settle();
  service.cut();
  await settle(1_900);
  expect(chat.feed.reconnecting.value).toBe(false);
  await settle(200);
  expect(chat.feed.reconnecting.value).toBe(true);
  service.down = false;
  service.add(service.only(), { text: "missed" });
  chat.wake();
  await settle();
  expect(chat.feed.reconnecting.value).toBe(false);
  expect(log(chat)).toEqual(["hello", "missed"]);
});

test("calls that name somebody with a forged token are reported and change nothing", async () => {
  const chat = openPage();
  chat.send("hello");
  await settle();
  const codes: string[] = [];
  chat.events.on("error", ({ code }) => codes.push(code));
  await chat.setUser("forged");
  expect(codes).toEqual(["invalid_identity"]);
  chat.send("still here");
  await settle();
  expect(log(chat)).toEqual(["hello", "still here"]);
});
