import "@baton/shared/embed";
import { BatonWidget } from "./element.tsx";
import { type BootSettings, HostCommands } from "./host.ts";

const script =
  (document.currentScript as HTMLScriptElement | null) ??
  document.querySelector<HTMLScriptElement>('script[src*="widget.js"]');
const scriptBase = script ? new URL(".", script.src).href : document.baseURI;

function boot(settings: BootSettings = {}): void {
  const known = document.querySelector("baton-widget");
  const element = known ?? document.createElement("baton-widget");
  if (settings.baseUrl) element.setAttribute("base-url", settings.baseUrl);
  if (settings.theme) element.setAttribute("theme", settings.theme);
  if (settings.position) element.setAttribute("position", settings.position);
  if (!known) document.body.append(element);
}

function start(): void {
  // A page that includes the script twice keeps its first widget.
  if (customElements.get("baton-widget")) return;
  const queued = Array.from(window.Baton?.q ?? [], (args) => Array.from(args));
  const commands = new HostCommands(boot);
  BatonWidget.commands = commands;
  BatonWidget.defaultBase = scriptBase;
  window.Baton = commands.call;
  for (const args of queued) commands.call(...args);
  customElements.define("baton-widget", BatonWidget);
  if (script?.hasAttribute("data-manual")) return;
  const { theme, position } = script?.dataset ?? {};
  const settings = { theme, position } as BootSettings;
  if (document.body) boot(settings);
  else document.addEventListener("DOMContentLoaded", () => boot(settings));
}

start();
