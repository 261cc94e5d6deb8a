import type { Shop } from "@baton/shared/types";
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { AccountMenu } from "./AccountMenu.tsx";
import { useAccount } from "./account.ts";
import { loadShop } from "./api.ts";
import { Logo, Ridges } from "./art.tsx";
import { baton } from "./baton.ts";
import { Mailbox } from "./Mailbox.tsx";
import { Orders } from "./Orders.tsx";
import { Products } from "./Products.tsx";

export function Page(): VNode {
  const [shop, setShop] = useState<Shop | null>(null);
  const [error, setError] = useState<string | null>(null);
  const account = useAccount();

  useEffect(() => {
    loadShop().then(setShop, (failure: Error) => setError(failure.message));
  }, []);

  return (
    <>
      <a class="skip" href="#gear">
        Skip to the gear
      </a>
      <DemoNote />
      <header class="top">
        <a class="brand" href="/" aria-label={`${shop?.name ?? "Northpeak Outfitters"}, home`}>
          <Logo />
          <span>
            Northpeak <small>Outfitters</small>
          </span>
        </a>
        <nav aria-label="Shop">
          <a href="#gear">Gear</a>
          <button type="button" class="nav-link" onClick={() => baton("open")}>
            Help
          </button>
        </nav>
        {shop && <AccountMenu customers={shop.customers} account={account} />}
      </header>
      <main>
        <Hero tagline={shop?.tagline ?? ""} />
        <div class="sections">
          {error && (
            <p class="error" role="alert">
              {error}
            </p>
          )}
          {account.customer && <Orders customer={account.customer} orders={account.orders} />}
          {shop && <Products products={shop.products} />}
          <Ask />
        </div>
      </main>
      <Mailbox />
      <footer class="foot">
        <p>Northpeak Outfitters is made up. Nothing here is for sale, and no order is real.</p>
      </footer>
    </>
  );
}

function DemoNote(): VNode {
  return (
    <aside aria-label="About this demo">
      <p class="demo-note" data-testid="demo-note">
        <strong>Demo shop</strong> — the chat in the corner is Baton. Answer as a person in{" "}
        <a href="/console">the console</a>.
      </p>
    </aside>
  );
}

function Hero({ tagline }: { tagline: string }): VNode {
  return (
    <section class="hero">
      <div class="hero-words">
        <h1>{tagline}</h1>
        <a class="button button-primary" href="#gear">
          See the gear
        </a>
      </div>
      <Ridges />
    </section>
  );
}

function Ask(): VNode {
  return (
    <section class="ask" aria-labelledby="ask-title">
      <div>
        <h2 id="ask-title">Not sure which one?</h2>
        <p>Ask about sizes, shipping, returns or an order. A person is one click away.</p>
      </div>
      <button type="button" class="button" onClick={() => baton("open")}>
        Ask a question
      </button>
    </section>
  );
}
