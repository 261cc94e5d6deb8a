import type { DemoCustomer, ShopOrder } from "@baton/shared/types";
import { useEffect, useState } from "preact/hooks";
import { loadOrders, signIn } from "./api.ts";
import { baton } from "./baton.ts";

export interface Account {
  customer: DemoCustomer | null;
  orders: ShopOrder[] | null;
  error: string | null;
  signInAs: (key: string) => Promise<void>;
  signOut: () => void;
}

const KEY = "northpeak:account";

/** Who is signed in to the shop. The chat gets a fresh five-minute token each time it asks for one. */
export function useAccount(): Account {
  const [customer, setCustomer] = useState<DemoCustomer | null>(null);
  const [orders, setOrders] = useState<ShopOrder[] | null>(null);
  const [error, setError] = useState<string | null>(null);

  const signInAs = async (key: string): Promise<void> => {
    setError(null);
    try {
      const signedIn = await signIn(key);
      localStorage.setItem(KEY, key);
      setCustomer(signedIn.customer);
      setOrders(null);
      let first: string | null = signedIn.identity_token;
      baton("setUser", async () => {
        const token = first ?? (await signIn(key)).identity_token;
        first = null;
        return token;
      });
      setOrders((await loadOrders(signedIn.identity_token)).orders);
    } catch (failure) {
      setError((failure as Error).message);
    }
  };

  const signOut = (): void => {
    localStorage.removeItem(KEY);
    setCustomer(null);
    setOrders(null);
    setError(null);
    baton("reset");
  };

  useEffect(() => {
    const key = localStorage.getItem(KEY);
    if (key) void signInAs(key);
  }, []);

  return { customer, orders, error, signInAs, signOut };
}
