import { expect, test, vi } from "vitest";
import { Chat } from "../src/chat.ts";
import { HostCommands } from "../src/host.ts";
import { memoryStorage } from "../src/storage.ts";
import { FakeService } from "./fakeService.ts";

function makeChat(): { chat: Chat; service: FakeService } {
  const service = new FakeService();
  const options = { base: "http://baton.test", storage: memoryStorage(), fetch: service.fetch };
  return { chat: new Chat(options), service };
}

test("calls made before the widget is there are done in order when it comes", async () => {
  const commands = new HostCommands(() => undefined);
  const heard: string[] = [];
  commands.call("on", "open", () => heard.push("open"));
  commands.call("on", "close", () => heard.push("close"));
  commands.call("open");
  commands.call("close");
  expect(heard).toEqual([]);
  const { chat } = makeChat();
  commands.attach(chat);
  expect(heard).toEqual(["open", "close"]);
});

test("a listener can be ended, and outlives the element being put back", () => {
  const commands = new HostCommands(() => undefined);
  const heard: string[] = [];
  const stop = commands.call("on", "open", () => heard.push("open")) as () => void;
  for (const { chat } of [makeChat(), makeChat()]) {
    commands.attach(chat);
    chat.open();
    commands.detach(chat);
  }
  expect(heard).toEqual(["open", "open"]);
  stop();
  const { chat } = makeChat();
  commands.attach(chat);
  chat.open();
  expect(heard).toEqual(["open", "open"]);
});

test("a listener that throws stops neither the chat nor the other listeners", () => {
  const { chat } = makeChat();
  const complain = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const second = vi.fn();
  chat.events.on("open", () => {
    throw new Error("host page");
  });
  chat.events.on("open", second);
  chat.open();
  expect(second).toHaveBeenCalled();
  expect(complain).toHaveBeenCalled();
  expect(chat.isOpen.value).toBe(true);
});

test("setUser and reset reach the session", async () => {
  const commands = new HostCommands(() => undefined);
  const { chat } = makeChat();
  commands.attach(chat);
  await commands.call("setUser", async () => "ada");
  expect(chat.customer.value?.id).toBe("c-ada");
  commands.call("reset");
  expect(chat.customer.value).toBeNull();
});

test("an unknown command is said and does nothing", () => {
  const commands = new HostCommands(() => undefined);
  commands.attach(makeChat().chat);
  const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  commands.call("dance");
  expect(warn).toHaveBeenCalledWith(expect.stringContaining("dance"));
});
