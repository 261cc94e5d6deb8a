import type { Product } from "@baton/shared/types";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { ProductArt } from "./art.tsx";
import { money } from "./money.ts";

export function Products({ products }: { products: Product[] }): VNode {
  const [category, setCategory] = useState<string | null>(null);
  const categories = [...new Set(products.map((product) => product.category))];
  const shown = products.filter((product) => category === null || product.category === category);
  return (
    <section id="gear" aria-labelledby="gear-title">
      <div class="section-head">
        <h2 id="gear-title">The gear</h2>
        <fieldset class="filters">
          <legend class="unseen">Show</legend>
          {[null, ...categories].map((each) => (
            <button
              key={each}
              type="button"
              class="filter"
              aria-pressed={each === category}
              onClick={() => setCategory(each)}
            >
              {each ?? "All"}
            </button>
          ))}
        </fieldset>
      </div>
      <ul class="grid">
        {shown.map((product) => (
          <li key={product.sku} class="card" data-testid="product">
            <div class="card-art">
              <ProductArt {...product.art} />
            </div>
            <div class="card-head">
              <h3>{product.name}</h3>
              <p class="price">{money(product.price_minor, product.currency)}</p>
            </div>
            <p class="card-words">{product.description}</p>
            <p class="sku">
              {product.category} · {product.sku}
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}
