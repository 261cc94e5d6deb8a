import type { WidgetConfig } from "@baton/shared/types";
import type { WidgetApi } from "./api.ts";
import type { Cell, Cells } from "./cells.ts";

const DEFAULT: WidgetConfig = {
  name: "Support",
  ai_name: "AI agent",
  greeting: "Hi! How can we help?",
  suggestions: [],
  online: true,
  away_text: "Nobody is here right now. Leave your message and we'll answer as soon as we're back.",
  codes: false,
};

/** What the company set for its widget, and whether somebody is online. Has words before it has loaded. */
export class Company {
  readonly config: Cell<WidgetConfig>;
  private readonly api: WidgetApi;
  private asked = false;

  constructor(cells: Cells, api: WidgetApi) {
    this.config = cells.cell(DEFAULT);
    this.api = api;
  }

  async load(): Promise<void> {
    this.asked = true;
    try {
      this.config.value = await this.api.config();
    } catch {
      // The next opening of the panel asks again.
      this.asked = false;
    }
  }

  ensureLoaded(): void {
    if (!this.asked) void this.load();
  }
}
