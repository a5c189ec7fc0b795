import { describe, expect, it } from "vitest";
import { catchUp, empty, hasGap, KEEP, lighten, MOST, prepend, receive, start } from "../timeline";
import { message, messages } from "./messages";

const seqs = (timeline: { messages: readonly { seq: number }[] }): number[] => timeline.messages.map((one) => one.seq);

describe("the timeline", () => {
  it("keeps each message once, in order, however often it comes", () => {
    let timeline = start(messages(1, 3), 3, false);
    for (const seq of [4, 4, 2, 5, 5]) timeline = receive(timeline, [message(seq)]);
    expect(seqs(timeline)).toEqual([1, 2, 3, 4, 5]);
    expect(timeline.known).toBe(5);
  });

  it("puts a changed message in the place of the old one", () => {
    const timeline = receive(start(messages(1, 3), 3, false), [message(2, { text: "changed" })]);
    expect(timeline.messages[1]?.text).toBe("changed");
    expect(timeline.known).toBe(3);
  });

  it("shows what comes after a gap, but does not claim to know what is in it", () => {
    const timeline = receive(start(messages(1, 3), 3, false), [message(6)]);
    expect(seqs(timeline)).toEqual([1, 2, 3, 6]);
    expect(timeline.known).toBe(3);
    expect(hasGap(timeline)).toBe(true);
  });

  it("is whole again after catching up, also page by page", () => {
    let timeline = receive(start(messages(1, 3), 3, false), [message(9)]);
    timeline = catchUp(timeline, messages(4, 6), true);
    expect(hasGap(timeline)).toBe(true);
    expect(timeline.known).toBe(6);
    timeline = catchUp(timeline, messages(7, 9), false);
    expect(hasGap(timeline)).toBe(false);
    expect(seqs(timeline)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("believes the server that a number which no visitor may see is no gap", () => {
    const jumped = receive(start(messages(1, 3), 3, false), [message(5)]);
    const timeline = catchUp(jumped, [message(5)], false);
    expect(seqs(timeline)).toEqual([1, 2, 3, 5]);
    expect(timeline.known).toBe(5);
    expect(hasGap(catchUp(jumped, [], false))).toBe(false);
  });

  it("never shows notes and events of the desk", () => {
    const timeline = catchUp(empty, [message(1), message(2, { author: "note" }), message(3, { author: "event" })], false);
    expect(seqs(timeline)).toEqual([1]);
    expect(timeline.known).toBe(3);
  });

  it("lets the oldest make room, and loads them again", () => {
    const many = start(messages(1, MOST), MOST, false);
    expect(lighten(many)).toBe(many);
    const light = lighten(receive(many, [message(MOST + 1)]));
    expect(seqs(light)).toEqual(Array.from({ length: KEEP }, (_, index) => MOST + 2 - KEEP + index));
    expect([light.older, light.known, hasGap(light)]).toEqual([true, MOST + 1, false]);
    expect(seqs(prepend(light, messages(1, MOST), false))).toHaveLength(MOST + 1);
  });

  it("loads older messages in front and ignores changes of what it has not loaded", () => {
    let timeline = start(messages(51, 100), 100, true);
    timeline = receive(timeline, [message(7, { text: "stored now" })]);
    expect(timeline.messages).toHaveLength(50);
    timeline = prepend(timeline, messages(1, 50), false);
    expect(seqs(timeline)[0]).toBe(1);
    expect(timeline.messages).toHaveLength(100);
    expect(timeline.older).toBe(false);
    expect(timeline.known).toBe(100);
  });
});
