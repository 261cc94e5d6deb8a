import type { DemoCustomer } from "@baton/shared/types";
import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Account } from "./account.ts";
import { baton } from "./baton.ts";

interface AccountMenuProps {
  customers: DemoCustomer[];
  account: Account;
}

/** The menu is a popover: in the top layer it shows over the chat, which asks for it (see useSignInFromChat). */
export function AccountMenu({ customers, account }: AccountMenuProps): VNode {
  const [open, setOpen] = useState(false);
  const menu = useRef<HTMLDivElement>(null);
  const toggle = useRef<HTMLButtonElement>(null);

  const place = (): void => {
    const below = toggle.current?.getBoundingClientRect().bottom ?? 0;
    menu.current?.style.setProperty("top", `${Math.max(12, below + 8)}px`);
  };
  useSignInFromChat(() => {
    menu.current?.showPopover();
    menu.current?.querySelector("button")?.focus();
  });

  const choose = (action: () => unknown): void => {
    menu.current?.hidePopover();
    action();
  };

  return (
    <div class="account">
      <button
        ref={toggle}
        type="button"
        class="account-button"
        data-testid="account"
        aria-expanded={open}
        popovertarget="account-menu"
      >
        {account.customer?.display_name ?? "Sign in"}
        <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
          <path d="m2.5 4.5 3.5 3.5 3.5-3.5" fill="none" stroke="currentColor" stroke-width="1.6" />
        </svg>
      </button>
      <div
        ref={menu}
        id="account-menu"
        class="account-menu"
        popover="auto"
        onBeforeToggle={place}
        onToggle={(event) => setOpen(event.newState === "open")}
      >
        <p>{account.customer ? account.customer.email : "Pick a demo customer"}</p>
        {customers
          .filter((customer) => customer.key !== account.customer?.key)
          .map((customer) => (
            <button
              key={customer.key}
              type="button"
              data-testid="sign-in-as"
              data-key={customer.key}
              onClick={() => choose(() => account.signInAs(customer.key))}
            >
              <span>Sign in as {customer.display_name}</span>
              <small>{customer.email}</small>
            </button>
          ))}
        {account.customer && (
          <button type="button" data-testid="sign-out" onClick={() => choose(account.signOut)}>
            Sign out
          </button>
        )}
      </div>
      {account.error && (
        <p class="error account-error" role="alert">
          {account.error}
        </p>
      )}
    </div>
  );
}

function useSignInFromChat(show: () => void): void {
  const latest = useRef(show);
  latest.current = show;
  useEffect(() => {
    const stop = baton("on", "sign-in", () => latest.current());
    return () => {
      // Before the widget has loaded the queue returns nothing to stop.
      if (typeof stop === "function") stop();
    };
  }, []);
}
