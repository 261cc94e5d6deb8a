/** What the stand-in service knows: a shop, two orders and one help article. */

export const text = (v) => ({ t: "text", v });
export const p = (...c) => ({
  t: "p",
  c: c.map((each) => (typeof each === "string" ? text(each) : each)),
});

const QUOTE =
  "You can send back unused gear within 60 days of delivery. Worn boots are covered by the fit promise instead.";
export const ARTICLE = {
  id: "a_returns",
  title: "Returns and exchanges",
  url: "/help/a_returns",
  updated_at: "2026-10-01T09:00:00Z",
  body: [
    p("Changed your mind? That is fine. This page says what we take back and how."),
    { t: "h", level: 2, c: [text("How long you have")] },
    p(
      "You can send back unused gear within ",
      { t: "strong", c: [text("60 days")] },
      " of delivery. Worn boots are covered by the fit promise instead. Opened stove fuel cannot travel by post.",
    ),
    { t: "h", level: 2, c: [text("How to send it")] },
    {
      t: "ol",
      c: [
        [p("Open your order and choose “Return items”.")],
        [p("Print the label, or show the code at the post office.")],
        [p("We refund within 5 working days of arrival.")],
      ],
    },
    {
      t: "table",
      head: [[text("Region")], [text("Label")], [text("Days")]],
      rows: [
        [[text("EU")], [text("free")], [text("3–5")]],
        [[text("Canada")], [text("$9")], [text("7–12")]],
      ],
    },
  ],
};
export const CITATION = {
  marker: 1,
  article_id: "a_returns",
  passage_id: "p1",
  title: ARTICLE.title,
  heading: "How long you have",
  url: ARTICLE.url,
  quote: QUOTE,
};
export const SHOP = {
  name: "Northpeak Outfitters",
  tagline: "Gear for people who come back muddy",
  customers: [
    { key: "ada", display_name: "Ada Berg", email: "ada@example.com" },
    { key: "noor", display_name: "Noor Haddad", email: "noor@example.com" },
  ],
  products: [
    ["Ridgeline 2 tent", "Two people, three seasons, 1.9 kg.", 38900, "Shelter", 95, "tent"],
    ["Trailhead 45 pack", "Carries a week and sits like a day.", 18900, "Packs", 205, "pack"],
    ["Scree boots", "Full-grain leather, resoleable.", 22900, "Footwear", 28, "boot"],
    ["Stormline jacket", "Three-layer shell with taped seams.", 27900, "Clothing", 350, "jacket"],
    ["Ember stove", "Boils a litre in three minutes.", 6900, "Kitchen", 15, "stove"],
    ["Brook bottle 1 L", "Steel, keeps tea warm until the hut.", 3200, "Kitchen", 180, "bottle"],
    ["Wayfinder lamp", "400 lumens, and a red light for camp.", 5400, "Light", 48, "lamp"],
    ["Drift sleeping mat", "R-value 4.2, packs to a bottle.", 12900, "Sleep", 265, "mat"],
  ].map(([name, description, price_minor, category, hue, motif], index) => ({
    sku: `NP-${100 + index}`,
    name,
    description,
    price_minor,
    currency: "EUR",
    category,
    art: { hue, motif },
  })),
};
export const ORDERS = [
  {
    number: "NP-20417",
    status: "shipped",
    placed_at: "2026-11-18T10:12:00Z",
    items: [
      { name: "Ridgeline 2 tent", quantity: 1, price_minor: 38900 },
      { name: "Ember stove", quantity: 2, price_minor: 6900 },
    ],
    total_minor: 52700,
    currency: "EUR",
  },
  {
    number: "NP-20133",
    status: "delivered",
    placed_at: "2026-09-02T08:00:00Z",
    items: [{ name: "Scree boots", quantity: 1, price_minor: 22900 }],
    total_minor: 22900,
    currency: "EUR",
  },
];
