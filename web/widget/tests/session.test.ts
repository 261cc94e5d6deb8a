import type { WidgetSession } from "@baton/shared/types";
import { expect, test } from "vitest";
import { Refusal, type SessionRequest, Unreachable } from "../src/api.ts";
import { Session } from "../src/session.ts";
import { memoryStorage } from "../src/storage.ts";

function make(answers: (Error | Partial<WidgetSession["customer"]>)[] = []) {
  const storage = memoryStorage();
  const asked: SessionRequest[] = [];
  const customers: (string | null)[] = [];
  const build = () =>
    new Session({
      storage,
      open: async (body) => {
        asked.push(body);
        const answer = answers.shift() ?? {};
        if (answer instanceof Error) throw answer;
        const verified = Boolean(body.identity_token);
        const id = body.identity_token ?? "visitor";
        const assurance = verified ? ("signed" as const) : ("anonymous" as const);
        const customer = { id, display_name: null, verified, assurance, ...answer };
        return { session_token: `s${asked.length}`, expires_at: "", customer };
      },
      onCustomer: (_, now) => customers.push(now?.id ?? null),
    });
  return { session: build(), build, storage, asked, customers };
}

test("many first calls open one session, and a reload keeps it", async () => {
  const { session, build, asked } = make();
  expect(await Promise.all([session.token(), session.token()])).toEqual(["s1", "s1"]);
  expect(await build().token()).toBe("s1");
  expect(asked).toEqual([{}]);
});

test("many refused calls renew once", async () => {
  const { session, asked } = make();
  const old = await session.token();
  const renewed = await Promise.all([session.renew(old), session.renew(old)]);
  expect(renewed).toEqual(["s2", "s2"]);
  expect(await session.renew(old)).toBe("s2");
  expect(asked).toHaveLength(2);
});

test("signing in sends the visitor's token along; changing customers does not", async () => {
  const { session, asked } = make();
  await session.token();
  await session.setUser("ada");
  await session.setUser(async () => "noor");
  expect(asked.slice(1)).toEqual([
    { identity_token: "ada", session_token: "s1" },
    { identity_token: "noor" },
  ]);
});

test("a renewed session asks the page for a fresh identity", async () => {
  let count = 0;
  const { session, asked } = make();
  await session.setUser(() => `ada-${++count}`);
  await session.renew("s1");
  expect(asked.map((each) => each.identity_token)).toEqual(["ada-1", "ada-2"]);
});

test("while an identity waits for the network, no call goes out as the old customer", async () => {
  const { session, asked } = make([{}, new Unreachable()]);
  await session.setUser("ada");
  await expect(session.setUser("noor")).rejects.toThrow(Unreachable);
  await session.token();
  expect(asked.map((each) => each.identity_token)).toEqual(["ada", "noor", "noor"]);
});

test("a refused identity drops a verified session and keeps a visitor's", async () => {
  const refusal = () => new Refusal(401, { code: "invalid_identity" });
  const visitor = make([{}, refusal()]);
  await visitor.session.token();
  await expect(visitor.session.setUser("forged")).rejects.toThrow(Refusal);
  expect(visitor.session.current).toBe("s1");

  const verified = make([{}, refusal()]);
  await verified.session.setUser("ada");
  await expect(verified.session.setUser("forged")).rejects.toThrow(Refusal);
  expect(verified.session.current).toBeNull();
  expect(verified.customers).toEqual(["ada", null]);
});

test("an answer that comes after reset is thrown away", async () => {
  const { session, storage } = make();
  const opening = session.token();
  session.reset();
  await expect(opening).rejects.toThrow(Unreachable);
  expect(session.current).toBeNull();
  expect(storage.get("session")).toBeNull();
});

test("of two sign-ins the later one counts, whichever answers first", async () => {
  const { session } = make();
  let release = (_: string): void => undefined;
  const slow = new Promise<string>((resolve) => {
    release = resolve;
  });
  const first = session.setUser(() => slow);
  const second = session.setUser("noor");
  release("ada");
  await Promise.all([first, second]);
  expect(session.customer?.id).toBe("noor");
});
