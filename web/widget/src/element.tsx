import tokens from "@baton/shared/tokens.css?inline";
import { render } from "preact";
import { Chat } from "./chat.ts";
import type { HostCommands } from "./host.ts";
import { browserStorage } from "./storage.ts";
import { App } from "./ui/App.tsx";
import cardStyles from "./ui/card.css?inline";
import conversationStyles from "./ui/conversation.css?inline";
import panelStyles from "./ui/panel.css?inline";

/** `<baton-widget base-url theme position>`: everything inside its shadow root, nothing outside. */
export class BatonWidget extends HTMLElement {
  static commands: HostCommands | null = null;
  static defaultBase = "";
  static readonly observedAttributes = ["theme"];

  private chat: Chat | null = null;
  private readonly online = (): void => this.chat?.networkChanged(true);
  private readonly offline = (): void => this.chat?.networkChanged(false);
  private readonly wake = (): void => {
    if (document.visibilityState === "visible") this.chat?.wake();
  };

  connectedCallback(): void {
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [tokens, panelStyles, conversationStyles, cardStyles].map(sheet);
    this.applyTheme();
    const base = this.getAttribute("base-url") ?? BatonWidget.defaultBase;
    const chat = new Chat({ base, storage: browserStorage() });
    this.chat = chat;
    render(<App chat={chat} />, root);
    window.addEventListener("online", this.online);
    window.addEventListener("offline", this.offline);
    document.addEventListener("visibilitychange", this.wake);
    BatonWidget.commands?.attach(chat);
    chat.start();
    chat.events.emit("ready", undefined);
  }

  disconnectedCallback(): void {
    window.removeEventListener("online", this.online);
    window.removeEventListener("offline", this.offline);
    document.removeEventListener("visibilitychange", this.wake);
    if (this.chat) {
      BatonWidget.commands?.detach(this.chat);
      this.chat.stop();
    }
    this.chat = null;
    if (this.shadowRoot) render(null, this.shadowRoot);
  }

  attributeChangedCallback(): void {
    this.applyTheme();
  }

  private applyTheme(): void {
    const theme = this.getAttribute("theme");
    if (theme) this.dataset.theme = theme;
    else delete this.dataset.theme;
  }
}

function sheet(css: string): CSSStyleSheet {
  const made = new CSSStyleSheet();
  made.replaceSync(css);
  return made;
}
