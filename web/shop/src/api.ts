import type { DemoCustomer, Problem, Shop, ShopOrder } from "@baton/shared/types";

export interface SignedIn {
  identity_token: string;
  customer: DemoCustomer;
}

/** Throws an Error whose message may be shown. */
async function call<T>(path: string, init: RequestInit = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`/demo/v1${path}`, init);
  } catch {
    throw new Error("The shop cannot be reached right now.");
  }
  if (response.ok) return (await response.json()) as T;
  const problem = (await response.json().catch(() => null)) as Problem | null;
  throw new Error(problem?.detail ?? "That did not work. Please try again.");
}

export interface DemoMail {
  to: string;
  subject: string;
  text: string;
}

export const loadMail = (): Promise<{ mails: DemoMail[] }> => call("/mail");
export const loadShop = (): Promise<Shop> => call("/shop");

export const signIn = (key: string): Promise<SignedIn> =>
  call("/sign-in", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ key }),
  });

export const loadOrders = (identityToken: string): Promise<{ orders: ShopOrder[] }> =>
  call("/orders", { headers: { Authorization: `Bearer ${identityToken}` } });
