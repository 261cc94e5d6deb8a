import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FrameParser, openStream, type StreamEvent, type StreamState } from "../sse.ts";

/** Answers each connection with the next script: frames, then the end of the stream (or silence). */
function fakeFetch(scripts: (Response | string | "silence")[]) {
  const urls: string[] = [];
  const fetcher = (async (url: string, init: RequestInit) => {
    urls.push(url);
    const script = scripts.shift() ?? "silence";
    if (script instanceof Response) return script;
    return new Response(
      new ReadableStream({
        start(controller) {
          const end = () => controller.error(new Error("aborted"));
          init.signal?.addEventListener("abort", end);
          if (script === "silence") return;
          controller.enqueue(new TextEncoder().encode(script));
          controller.close();
        },
      }),
    );
  }) as unknown as typeof fetch;
  return { fetcher, urls };
}

const frame = (seq: number) => `id: ${seq}\nevent: message_posted\ndata: {"n":${seq}}\n\n`;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function listen(
  scripts: (Response | string)[],
  refused: (status: number) => boolean = () => false,
) {
  const events: StreamEvent[] = [];
  const states: StreamState[] = [];
  const { fetcher, urls } = fakeFetch(scripts);
  const stream = openStream({
    url: "/events",
    after: 3,
    headers: () => ({}),
    fetch: fetcher,
    random: () => 0,
    onEvent: (event) => events.push(event),
    onState: (state) => states.push(state),
    onRefused: refused,
  });
  return { stream, events, states, urls };
}

test("frames are found however the text is cut", () => {
  const text = ': beat\r\n\r\nid: 4\r\nevent: x\r\ndata: {"a":\r\ndata: 1}\r\n\r\ndata: 2\n\n';
  for (let size = 1; size <= text.length; size += 1) {
    const parser = new FrameParser();
    const frames = [];
    for (let at = 0; at < text.length; at += size) {
      frames.push(...parser.push(text.slice(at, at + size)));
    }
    expect(frames).toEqual([
      { id: "4", event: "x", data: '{"a":\n1}' },
      { id: null, event: "message", data: "2" },
    ]);
  }
});

test("a broken stream resumes after the last event and repeats none", async () => {
  const { events, urls, stream } = listen([frame(4) + frame(5), frame(5) + frame(4) + frame(6)]);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(events.map((event) => event.seq)).toEqual([4, 5, 6]);
  expect(urls.slice(0, 3)).toEqual(["/events?after=3", "/events?after=5", "/events?after=6"]);
  stream.close();
});

test("live frames have no seq and are delivered as they come", async () => {
  const { events, stream } = listen(['event: activity\ndata: {"who":"ai_agent"}\n\n']);
  await vi.advanceTimersByTimeAsync(10);
  expect(events).toEqual([{ name: "activity", seq: null, data: { who: "ai_agent" } }]);
  stream.close();
});

test("a frame that is not JSON is skipped and the next one is read", async () => {
  const { events, stream } = listen([`id: 4\ndata: {half\n\n${frame(5)}`]);
  await vi.advanceTimersByTimeAsync(10);
  expect(events.map((event) => event.seq)).toEqual([5]);
  stream.close();
});

test("forty seconds without a byte count as a dead line", async () => {
  const { urls, stream } = listen(["silence"]);
  await vi.advanceTimersByTimeAsync(39_000);
  expect(urls).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(urls).toHaveLength(2);
  stream.close();
});

test("pauses grow while the server is away", async () => {
  const down = () => new Response("", { status: 503 });
  const { urls, stream } = listen([down(), down(), down(), down(), down()]);
  await vi.advanceTimersByTimeAsync(240);
  expect(urls).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(20);
  expect(urls).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(480);
  expect(urls).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(40);
  expect(urls).toHaveLength(3);
  stream.close();
});

test("a refused stream closes, or goes on when the page got a new token", async () => {
  const closed = listen([new Response("", { status: 404 })]);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(closed.states.at(-1)).toBe("closed");
  expect(closed.urls).toHaveLength(1);

  const renewed = listen([new Response("", { status: 401 }), frame(4)], () => true);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(renewed.events.map((event) => event.seq)).toEqual([4]);
  renewed.stream.close();
});

test("nothing is delivered after close", async () => {
  const { events, stream } = listen([frame(4)]);
  stream.close();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(events).toEqual([]);
});

test("a reconnect leaves a hanging line at once and resumes", async () => {
  const { events, urls, states, stream } = listen(["silence", frame(4)]);
  await vi.advanceTimersByTimeAsync(10);
  stream.reconnect();
  await vi.advanceTimersByTimeAsync(1);
  expect(urls).toHaveLength(2);
  expect(events.map((event) => event.seq)).toEqual([4]);
  expect(states).toContain("live");
  stream.close();
});
