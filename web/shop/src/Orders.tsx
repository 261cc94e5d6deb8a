import type { DemoCustomer, ShopOrder } from "@baton/shared/types";
import type { VNode } from "preact";
import { money } from "./money.ts";

interface OrdersProps {
  customer: DemoCustomer;
  orders: ShopOrder[] | null;
}

export function Orders({ customer, orders }: OrdersProps): VNode {
  return (
    <section id="orders" class="orders" aria-labelledby="orders-title" data-testid="orders">
      <div class="section-head">
        <h2 id="orders-title">Your orders</h2>
        <p class="quiet">Signed in as {customer.display_name}</p>
      </div>
      {orders === null && <p class="quiet">Loading…</p>}
      {orders?.length === 0 && <p class="quiet">No orders yet.</p>}
      <ul class="order-list">
        {orders?.map((order) => (
          <Order key={order.number} order={order} />
        ))}
      </ul>
    </section>
  );
}

function Order({ order }: { order: ShopOrder }): VNode {
  const placed = new Date(order.placed_at).toLocaleDateString(undefined, { dateStyle: "medium" });
  const goods = order.items.reduce((sum, item) => sum + item.price_minor * item.quantity, 0);
  const extra = order.total_minor - goods;
  return (
    <li class="order" data-testid="order" data-number={order.number}>
      <div class="order-head">
        <strong>{order.number}</strong>
        <span class={`status status-${order.status}`}>{order.status.replaceAll("_", " ")}</span>
      </div>
      <p class="quiet">Placed {placed}</p>
      <ul>
        {order.items.map((item) => (
          <li key={item.name}>
            <span>
              {item.quantity} × {item.name}
            </span>
            <span>{money(item.price_minor * item.quantity, order.currency)}</span>
          </li>
        ))}
        {extra > 0 && (
          <li>
            <span>Shipping and fees</span>
            <span>{money(extra, order.currency)}</span>
          </li>
        )}
      </ul>
      <p class="order-total">
        <span>Total</span>
        <span>{money(order.total_minor, order.currency)}</span>
      </p>
    </li>
  );
}
