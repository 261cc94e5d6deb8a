import { describe, expect, it } from "vitest";
import * as timelines from "../src/state/timeline.ts";
import { claimed, conversation, MAYA, message, opening, TRACE } from "./fixtures.ts";

const seqs = (timeline: timelines.Timeline): number[] => timeline.entries.map((each) => each.seq);
const posted = (seq: number, change = {}) => ({
  name: "message_posted",
  seq,
  data: { message: message(seq, change) },
});
const pending = (clientId: string): timelines.Pending => ({
  clientId,
  text: "hello",
  visibility: "public",
  at: "2026-03-01T09:05:00Z",
  problem: null,
  held: false,
});

describe("the timeline", () => {
  it("shows each message once, in order, however events overlap", () => {
    let timeline = timelines.openTimeline(opening([message(2), message(4)]));
    for (const seq of [2, 4, 5, 5, 7]) timeline = timelines.applyEvent(timeline, posted(seq));
    expect(seqs(timeline)).toEqual([2, 4, 5, 7]);
    expect(timeline.appliedSeq).toBe(7);
  });

  it("shows a reply that grows as it is now, in its place", () => {
    const start = timelines.openTimeline(opening([message(1), message(2, { state: "writing" })]));
    const timeline = timelines.applyEvent(start, {
      name: "message_changed",
      seq: 3,
      data: { message: message(2, { text: "One. Two.", state: "interrupted" }) },
    });
    expect(seqs(timeline)).toEqual([1, 2]);
    expect(timeline.entries[1]).toMatchObject({ message: { text: "One. Two." } });
    expect(timeline.appliedSeq).toBe(3);
  });

  it("puts moves that the stream replays between the messages of the opening page", () => {
    const start = timelines.openTimeline(opening([message(1), message(3)]));
    const timeline = timelines.applyEvent(start, {
      name: "status_changed",
      seq: 2,
      data: claimed(),
    });
    expect(timeline.entries.map((each) => each.kind)).toEqual(["message", "transition", "message"]);
  });

  it("does not let a replayed move undo the newer state of the opening answer", () => {
    const answer = opening([message(3)], {
      conversation: conversation({ status: "resolved", owner_epoch: 5, last_seq: 9 }),
      last_seq: 9,
    });
    const old = { name: "status_changed", seq: 2, data: claimed() };
    const timeline = timelines.applyEvent(timelines.openTimeline(answer), old);
    expect(timeline.conversation).toMatchObject({ status: "resolved", owner_epoch: 5 });
  });

  it("takes owner, epoch and status from a new move", () => {
    const start = timelines.openTimeline(opening([message(1)]));
    const event = { name: "status_changed", seq: 2, data: claimed({ assignee: MAYA }) };
    const { conversation: now } = timelines.applyEvent(start, event);
    expect(now).toMatchObject({
      status: "assigned",
      owner_epoch: 2,
      assignee: MAYA,
      queued_at: null,
    });
  });

  it("asks the stream for everything when all messages are loaded, else from the oldest one", () => {
    const whole = timelines.openTimeline(opening([message(5)]));
    const partly = timelines.openTimeline(opening([message(51)], { older_cursor: 51 }));
    expect(timelines.historyStart(whole)).toBe(0);
    expect(timelines.historyStart(partly)).toBe(50);
  });

  it("puts an older page in front without doubling", () => {
    const start = timelines.openTimeline(opening([message(5), message(6)], { older_cursor: 5 }));
    const messages = [message(3), message(4), message(5)];
    const page = { messages, older_cursor: null, traces: {}, events: [] };
    const timeline = timelines.prependPage(start, page);
    expect(seqs(timeline)).toEqual([3, 4, 5, 6]);
    expect(timeline.olderCursor).toBeNull();
  });

  it("shows what happened between the messages of an older page, and leaves the state alone", () => {
    const start = timelines.openTimeline(
      opening([message(6, { episode: 2 })], { older_cursor: 6 }),
    );
    const signedIn = { display_name: "Priya", at: "2026-03-01T09:04:00Z" };
    const events = [
      { kind: "status_changed", seq: 4, data: claimed() },
      { kind: "customer_identified", seq: 5, data: signedIn },
    ];
    const page = { messages: [message(3)], older_cursor: null, traces: {}, events };
    const timeline = timelines.prependPage(start, page);
    expect(timeline.entries.map(({ kind, episode }) => `${kind} ${episode}`)).toEqual([
      "message 1",
      "transition 1",
      "identified 1",
      "message 2",
    ]);
    expect(timeline.conversation).toBe(start.conversation);
  });

  it("gives a handoff without a word a line of its own, unless the word arrives later", () => {
    const start = timelines.openTimeline(opening([message(1)]));
    const data = { turn_id: "t1", state: "handed_off", trace: TRACE };
    const silent = timelines.applyEvent(start, { name: "turn_finished", seq: 2, data });
    expect(silent.entries.at(-1)).toMatchObject({ kind: "turn", turnId: "t1" });
    const spoken = timelines.applyEvent(silent, posted(3, { turn_id: "t1" }));
    expect(spoken.entries.map((each) => each.kind)).toEqual(["message", "message"]);
    expect(spoken.traces.t1).toEqual(TRACE);
  });

  it("keeps the trace of the opening answer when the replayed event carries none", () => {
    const start = timelines.openTimeline(opening([message(1)], { traces: { t1: TRACE } }));
    const data = { turn_id: "t1", state: "answered" };
    const timeline = timelines.applyEvent(start, { name: "turn_finished", seq: 2, data });
    expect(timeline.traces.t1).toEqual(TRACE);
  });

  it("ignores events it does not know, but counts them as seen", () => {
    const start = timelines.openTimeline(opening([message(1)]));
    const timeline = timelines.applyEvent(start, { name: "moon_phase", seq: 2, data: {} });
    expect(seqs(timeline)).toEqual([1]);
    expect(timeline.appliedSeq).toBe(2);
  });

  it("marks the customer verified when they sign in", () => {
    const start = timelines.openTimeline(opening([message(1)]));
    const data = { display_name: "Priya R.", at: "2026-03-01T09:02:00Z" };
    const timeline = timelines.applyEvent(start, { name: "customer_identified", seq: 2, data });
    expect(timeline.conversation.customer).toMatchObject({
      display_name: "Priya R.",
      verified: true,
    });
  });
});

describe("sending", () => {
  const start = timelines.addPending(timelines.openTimeline(opening([message(1)])), pending("x"));
  const sent = message(2, { client_message_id: "x" });

  it("shows the message at once and replaces it by the stored one", () => {
    expect(start.pending).toHaveLength(1);
    const timeline = timelines.confirmSend(start, sent);
    expect(timeline.pending).toHaveLength(0);
    expect(seqs(timeline)).toEqual([1, 2]);
  });

  it("shows it once, whether the answer or the stream is first", () => {
    const streamFirst = timelines.confirmSend(
      timelines.applyEvent(start, { name: "message_posted", seq: 2, data: { message: sent } }),
      sent,
    );
    expect(seqs(streamFirst)).toEqual([1, 2]);
    expect(streamFirst.pending).toHaveLength(0);
  });

  it("does not skip events between the last one seen and the answer of a send", () => {
    const far = timelines.confirmSend(start, message(4, { client_message_id: "x" }));
    const timeline = timelines.applyEvent(far, posted(3));
    expect(seqs(timeline)).toEqual([1, 3, 4]);
    expect(timeline.appliedSeq).toBe(3);
  });

  it("keeps a failed message with its reason, and sends it again in the same place", () => {
    const failed = timelines.settlePending(start, "x", "The service is restarting.");
    expect(failed.pending[0]?.problem).toBe("The service is restarting.");
    const again = timelines.addPending(failed, pending("x"));
    expect(again.pending).toEqual([pending("x")]);
  });

  it("lets go of a discarded message", () => {
    expect(timelines.dropPending(start, "x").pending).toEqual([]);
  });

  it("keeps unsent messages when the conversation is fetched again", () => {
    const answer = opening([message(1), message(2)], {
      conversation: conversation({ owner_epoch: 3, status: "assigned" }),
    });
    const timeline = timelines.refreshTimeline(start, answer);
    expect(timeline.pending).toHaveLength(1);
    expect(timeline.conversation.owner_epoch).toBe(3);
  });

  it("does not fall back to an action's answer that the stream has overtaken", () => {
    const ahead = { ...start, conversation: conversation({ owner_epoch: 7 }) };
    const timeline = timelines.adoptConversation(ahead, conversation({ owner_epoch: 6 }));
    expect(timeline.conversation.owner_epoch).toBe(7);
  });
});
