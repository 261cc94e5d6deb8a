import type { Conversation } from "@baton/shared/types";
import { afterEach, describe, expect, it } from "vitest";
import { Refusal } from "../src/api.ts";
import { type ConversationApi, OpenConversation } from "../src/stores/conversation.ts";
import { conversation, MAYA, message, opening } from "./fixtures.ts";

const ME = { ...MAYA, email: "maya@demo.example", available: true, role: "admin" as const };

/** A service in memory that keeps the promises the desk relies on: epochs, and one message per client id. */
class FakeService implements ConversationApi {
  state: Conversation = conversation({ status: "assigned", assignee: MAYA, owner_epoch: 2 });
  messages = [message(1)];
  refuseNext: Refusal | null = null;
  opened = 0;

  async open() {
    this.opened += 1;
    return opening([...this.messages], { conversation: this.state });
  }

  async older() {
    return { messages: [], older_cursor: null, traces: {}, events: [] };
  }

  async move(_id: string, _verb: string, ownerEpoch: number) {
    this.refuse(ownerEpoch);
    this.state = { ...this.state, owner_epoch: ownerEpoch + 1 };
    return this.state;
  }

  async reply(_id: string, body: { client_message_id: string; text: string; owner_epoch: number }) {
    this.refuse(body.owner_epoch);
    return { ...(await this.note(_id, body)), conversation: this.state };
  }

  async note(_id: string, body: { client_message_id: string; text: string }) {
    const known = this.messages.find((each) => each.client_message_id === body.client_message_id);
    if (known) return { message: known };
    const stored = message(this.messages.length + 1, { ...body });
    this.messages.push(stored);
    return { message: stored };
  }

  async typing() {}

  eventsUrl() {
    return "data:text/event-stream,";
  }

  signedOut() {}

  private refuse(ownerEpoch: number): void {
    const refusal = this.refuseNext;
    this.refuseNext = null;
    if (refusal) throw refusal;
    if (ownerEpoch !== this.state.owner_epoch)
      throw new Refusal(409, "stale_conversation", "Someone changed it first.");
  }
}

const opened: OpenConversation[] = [];
afterEach(() => {
  for (const each of opened.splice(0)) each.close();
});

async function openOn(service: FakeService): Promise<OpenConversation> {
  const desk = new OpenConversation("c1", service, ME);
  opened.push(desk);
  await desk.load();
  return desk;
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
const pendingOf = (desk: OpenConversation) => desk.timeline.value?.pending ?? [];
const textsOf = (desk: OpenConversation) =>
  desk.timeline.value?.entries.map((each) => (each.kind === "message" ? each.message.text : "")) ??
  [];

describe("sending from the desk", () => {
  it("shows the message before the service has answered", async () => {
    const desk = await openOn(new FakeService());
    desk.send("public", "Hello");
    expect(pendingOf(desk)).toMatchObject([{ text: "Hello", problem: null }]);
    await settled();
    expect(pendingOf(desk)).toEqual([]);
    expect(textsOf(desk)).toEqual(["message 1", "Hello"]);
  });

  it("keeps two quick messages in their order", async () => {
    const desk = await openOn(new FakeService());
    desk.send("public", "first");
    desk.send("public", "second");
    await settled();
    expect(textsOf(desk)).toEqual(["message 1", "first", "second"]);
  });

  it("says why it failed and sends again under the same id", async () => {
    const service = new FakeService();
    const desk = await openOn(service);
    service.refuseNext = new Refusal(503, "unavailable", "The service is restarting.");
    desk.send("public", "Hello");
    await settled();
    const [failed] = pendingOf(desk);
    expect(failed?.problem).toBe("The service is restarting.");
    desk.retry(failed?.clientId ?? "");
    await settled();
    expect(service.messages.at(-1)?.client_message_id).toBe(failed?.clientId);
    expect(textsOf(desk)).toEqual(["message 1", "Hello"]);
  });

  it("fetches the newest state when somebody was faster, and keeps the text", async () => {
    const service = new FakeService();
    const desk = await openOn(service);
    service.state = { ...service.state, owner_epoch: 3, assignee: { id: "j", display_name: "J" } };
    desk.send("public", "Hello");
    await settled();
    expect(desk.timeline.value?.conversation).toMatchObject({ owner_epoch: 3 });
    expect(desk.notice.value).toContain("Somebody changed this conversation first");
    expect(pendingOf(desk)).toMatchObject([{ problem: "Not sent: the conversation had changed." }]);
  });
});

describe("moving a conversation", () => {
  it("takes over the answered state and reports success", async () => {
    const desk = await openOn(new FakeService());
    expect(await desk.act("resolve")).toBe(true);
    expect(desk.timeline.value?.conversation.owner_epoch).toBe(3);
    expect(desk.busy.value).toBeNull();
  });

  it("shows who was faster and reloads", async () => {
    const service = new FakeService();
    const desk = await openOn(service);
    service.refuseNext = new Refusal(409, "already_assigned", "Jonas took it first.");
    expect(await desk.act("claim")).toBe(false);
    expect(desk.notice.value).toBe("Jonas took it first.");
    expect(service.opened).toBe(2);
  });

  it("ignores a second click while the first one is under way", async () => {
    const desk = await openOn(new FakeService());
    const [first, second] = await Promise.all([desk.act("resolve"), desk.act("resolve")]);
    expect([first, second]).toEqual([true, false]);
  });
});

describe("a reply that is held for a moment", () => {
  const HOLD = 40;
  const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, HOLD + 30));

  async function holding(service = new FakeService()) {
    const desk = new OpenConversation("c1", service, ME, () => HOLD);
    opened.push(desk);
    await desk.load();
    return { desk, service };
  }

  it("leaves by itself, and notes leave at once", async () => {
    const { desk, service } = await holding();
    desk.send("note", "for us");
    await settled();
    desk.send("public", "Hello");
    await settled();
    expect(service.messages.map((each) => each.text)).toEqual(["message 1", "for us"]);
    expect(pendingOf(desk)).toMatchObject([{ text: "Hello", held: true }]);
    await later();
    expect(service.messages.at(-1)?.text).toBe("Hello");
    expect(pendingOf(desk)).toEqual([]);
  });

  it("can be taken back, and its text goes to the composer", async () => {
    const { desk, service } = await holding();
    desk.send("public", "first");
    desk.send("public", "second");
    desk.takeBack();
    expect(desk.takenBack.value).toEqual({ text: "second", serial: 1 });
    await later();
    expect(service.messages.map((each) => each.text)).toEqual(["message 1", "first"]);
    desk.takeBack();
    expect(desk.takenBack.value?.serial).toBe(1);
  });

  it("leaves before a move, and when the conversation or the page is left", async () => {
    const { desk, service } = await holding();
    desk.send("public", "Done.");
    expect(await desk.act("resolve")).toBe(true);
    expect(service.messages.at(-1)?.text).toBe("Done.");
    desk.send("public", "Bye.");
    desk.flush();
    await settled();
    expect(service.messages.at(-1)?.text).toBe("Bye.");
    desk.send("public", "Closing.");
    desk.close();
    await settled();
    expect(service.messages.at(-1)?.text).toBe("Closing.");
  });
});
