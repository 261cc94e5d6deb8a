/** Addresses of the knowledge area: /console/knowledge/articles?state=draft, /console/knowledge/articles/{id}, … */

export const KNOWLEDGE_PAGES = ["sources", "articles", "search", "overlaps", "versions"] as const;
export type KnowledgePage = (typeof KNOWLEDGE_PAGES)[number];

export interface KnowledgePlace {
  page: KnowledgePage | "write";
  /** The article on screen, on the page "articles". */
  article: string | null;
  /** What is filtered, asked or compared, so that it survives a reload and can be sent to a colleague. */
  query: Readonly<Record<string, string>>;
}

const BASE = "/console/knowledge";

export function at(
  page: KnowledgePlace["page"],
  query: Record<string, string | null | undefined> = {},
  article: string | null = null,
): KnowledgePlace {
  return { page, article, query: given(query) };
}

/** Without what is empty: an empty filter is no filter. */
function given(query: Record<string, string | null | undefined>): Record<string, string> {
  const kept = Object.entries(query).filter(([, value]) => value);
  return Object.fromEntries(kept) as Record<string, string>;
}

export function knowledgePlaceOf(path: string, query: string): KnowledgePlace | null {
  if (path !== BASE && !path.startsWith(`${BASE}/`)) return null;
  const [name = "", ...rest] = path.slice(BASE.length + 1).split("/");
  const values = Object.fromEntries(new URLSearchParams(query));
  if (name === "write") return at("write", values);
  const page = KNOWLEDGE_PAGES.find((each) => each === name) ?? "sources";
  const id = page === "articles" ? rest.join("/") : "";
  return at(page, values, id ? decodeURIComponent(id) : null);
}

export function knowledgeAddress({ page, article, query }: KnowledgePlace): string {
  const path = article ? `${BASE}/${page}/${encodeURIComponent(article)}` : `${BASE}/${page}`;
  const search = new URLSearchParams(query).toString();
  return search ? `${path}?${search}` : path;
}

/** The link in the rail that leads here. */
export function pageOf(place: KnowledgePlace): KnowledgePage {
  return place.page === "write" ? "articles" : place.page;
}
