import type { Chat } from "./chat.ts";
import type { HostEventName, HostEvents } from "./hostEvents.ts";
import type { IdentitySource } from "./session.ts";

export interface BootSettings {
  baseUrl?: string;
  theme?: "light" | "dark";
  position?: "left" | "right";
}

interface HostListener {
  name: HostEventName;
  callback: (data: HostEvents[HostEventName]) => void;
  stop: (() => void) | null;
}

/**
 * The page's `Baton(command, …)`. Calls made before the widget is there are kept and done in order
 * when it comes; listeners survive the element being removed and put back.
 */
export class HostCommands {
  private chat: Chat | null = null;
  private waiting: unknown[][] = [];
  private readonly listeners = new Set<HostListener>();
  private readonly boot: (settings: BootSettings) => void;

  constructor(boot: (settings: BootSettings) => void) {
    this.boot = boot;
  }

  readonly call = (...args: unknown[]): unknown => {
    const [command, ...rest] = args;
    if (command === "boot") return this.boot((rest[0] as BootSettings | undefined) ?? {});
    if (command === "on")
      return this.on(rest[0] as HostEventName, rest[1] as HostListener["callback"]);
    if (!this.chat) return void this.waiting.push(args);
    return this.run(this.chat, String(command), rest[0]);
  };

  attach(chat: Chat): void {
    this.chat = chat;
    for (const listener of this.listeners) {
      listener.stop = chat.events.on(listener.name, listener.callback);
    }
    const calls = this.waiting;
    this.waiting = [];
    for (const args of calls) this.run(chat, String(args[0]), args[1]);
  }

  detach(chat: Chat): void {
    if (this.chat === chat) this.chat = null;
  }

  private on(name: HostEventName, callback: HostListener["callback"]): () => void {
    const listener: HostListener = { name, callback, stop: null };
    this.listeners.add(listener);
    if (this.chat) listener.stop = this.chat.events.on(name, callback);
    return () => {
      this.listeners.delete(listener);
      listener.stop?.();
    };
  }

  private run(chat: Chat, command: string, argument: unknown): unknown {
    switch (command) {
      case "open":
        return chat.open();
      case "close":
        return chat.close();
      case "toggle":
        return chat.isOpen.value ? chat.close() : chat.open();
      case "setUser":
        return chat.setUser(argument as IdentitySource);
      case "reset":
        return chat.reset();
      case "requestHuman":
        chat.open();
        return chat.requestHuman();
      default:
        console.warn(`Baton: there is no command "${command}"`);
        return undefined;
    }
  }
}
