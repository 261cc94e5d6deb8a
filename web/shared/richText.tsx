import type { ComponentChildren, VNode } from "preact";
import type { Block, Citation, Inline } from "./types.ts";

export interface RichTextProps {
  body: readonly Block[];
  /** Sources by marker. A cite without its source is shown as nothing: a dead chip would promise one. */
  citations?: readonly Citation[];
  onCite?: (citation: Citation) => void;
}

/** Made on the page only, by highlightQuote: a part of the article that an answer quoted. */
export type Marked = { t: "mark"; c: Inline[] };

/** The server's safe tree as vnodes. Text stays text: no markup is ever parsed on the page. */
export function RichText({ body, citations = [], onCite }: RichTextProps): VNode {
  const context: Context = { citations, onCite };
  return <>{body.map((block) => renderBlock(block, context))}</>;
}

interface Context {
  citations: readonly Citation[];
  onCite: ((citation: Citation) => void) | undefined;
}

/** https: and paths of this site. "//host" and "/\host" look like paths and leave the site. */
export function isSafeHref(href: string): boolean {
  return /^https:\/\//i.test(href) || /^\/(?![/\\])/.test(href);
}

/** The words of a tree without its form, for search, previews and titles. */
export function plainText(nodes: readonly (Block | Inline)[]): string {
  return nodes.map(textOf).join("");
}

function textOf(node: Block | Inline): string {
  switch (node.t) {
    case "text":
    case "code":
    case "pre":
      return node.v;
    case "br":
      return "\n";
    case "cite":
    case "hr":
      return "";
    case "ul":
    case "ol":
      return node.c.map((item) => plainText(item)).join("\n");
    case "table":
      return [node.head, ...node.rows]
        .map((row) => row.map((cell) => plainText(cell)).join(" "))
        .join("\n");
    default:
      return plainText(node.c);
  }
}

function renderBlock(block: Block, context: Context): ComponentChildren {
  switch (block.t) {
    case "p":
      return <p>{inlines(block.c, context)}</p>;
    case "h":
      return heading(block.level, inlines(block.c, context));
    case "ul":
      return <ul>{items(block.c, context)}</ul>;
    case "ol":
      return <ol start={block.start}>{items(block.c, context)}</ol>;
    case "pre":
      return (
        <pre>
          <code>{block.v}</code>
        </pre>
      );
    case "quote":
      return <blockquote>{block.c.map((child) => renderBlock(child, context))}</blockquote>;
    case "table":
      return table(block, context);
    case "hr":
      return <hr />;
    default:
      return unknown(block);
  }
}

function heading(level: number, children: ComponentChildren): VNode {
  if (level <= 2) return <h2>{children}</h2>;
  return level === 3 ? <h3>{children}</h3> : <h4>{children}</h4>;
}

function items(list: Block[][], context: Context): VNode[] {
  return list.map((blocks) => <li>{blocks.map((block) => renderBlock(block, context))}</li>);
}

function table(block: Extract<Block, { t: "table" }>, context: Context): VNode {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table scrolls, and keys must reach it
    <section class="table-scroll" tabIndex={0} aria-label="Table">
      <table>
        {block.head.length > 0 && (
          <thead>
            <tr>
              {block.head.map((cell) => (
                <th scope="col">{inlines(cell, context)}</th>
              ))}
            </tr>
          </thead>
        )}
        <tbody>
          {block.rows.map((row) => (
            <tr>
              {row.map((cell) => (
                <td>{inlines(cell, context)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function inlines(nodes: Inline[], context: Context): ComponentChildren {
  return nodes.map((node) => renderInline(node, context));
}

function renderInline(node: Inline | Marked, context: Context): ComponentChildren {
  switch (node.t) {
    case "text":
      return node.v;
    case "strong":
      return <strong>{inlines(node.c, context)}</strong>;
    case "em":
      return <em>{inlines(node.c, context)}</em>;
    case "mark":
      return <mark>{inlines(node.c, context)}</mark>;
    case "code":
      return <code>{node.v}</code>;
    case "link":
      return link(node, context);
    case "cite":
      return cite(node.n, context);
    case "br":
      return <br />;
    default:
      return unknown(node);
  }
}

function link(node: Extract<Inline, { t: "link" }>, context: Context): ComponentChildren {
  const children = inlines(node.c, context);
  if (!isSafeHref(node.href)) return <>{children}</>;
  return (
    <a href={node.href} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  );
}

function cite(marker: number, context: Context): ComponentChildren {
  const citation = context.citations.find((each) => each.marker === marker);
  if (!citation) return null;
  return (
    <button
      type="button"
      class="cite"
      data-testid="citation"
      aria-label={`Source ${marker}: ${citation.title}`}
      title={citation.title}
      onClick={() => context.onCite?.(citation)}
    >
      {marker}
    </button>
  );
}

/** A node kind this page does not know yet (older widget, newer server): keep its words. */
function unknown(node: unknown): ComponentChildren {
  if (typeof node !== "object" || node === null) return null;
  const { v, c } = node as { v?: unknown; c?: unknown };
  if (typeof v === "string") return v;
  return Array.isArray(c) ? c.flat(2).map(unknown) : null;
}
