/** The desk setup's side of the HTTP contract. Failures are `Refusal`s, as everywhere in the console. */

import type {
  DeskRules,
  Endpoint,
  Finding,
  KnownTag,
  QueuePlace,
  RatingOverview,
  SavedReplies,
  SavedReply,
  SavedRules,
  Simulation,
  WrittenReply,
} from "@baton/shared/desk";
import type { DryRun, DryRunResult, Tool } from "@baton/shared/tools";
import type { HumanAgentPresence } from "@baton/shared/types";
import type { ConsoleApi } from "./api.ts";

export class DeskApi {
  private readonly console: Pick<ConsoleApi, "send">;

  constructor(console: Pick<ConsoleApi, "send">) {
    this.console = console;
  }

  rules(): Promise<SavedRules> {
    return this.console.send("GET", "/desk/rules");
  }

  async check(rules: DeskRules): Promise<Finding[]> {
    const answer = await this.console.send<{ findings: Finding[] }>("POST", "/desk/rules/check", {
      rules,
    });
    return answer.findings;
  }

  save(rules: DeskRules, over: number): Promise<SavedRules> {
    return this.console.send("PUT", "/desk/rules", { rules, over });
  }

  simulate(rules: DeskRules): Promise<Simulation> {
    return this.console.send("POST", "/desk/rules/simulate", { rules });
  }

  async people(): Promise<HumanAgentPresence[]> {
    const answer = await this.console.send<{ human_agents: HumanAgentPresence[] }>(
      "GET",
      "/human_agents",
    );
    return answer.human_agents;
  }

  ratings(): Promise<RatingOverview> {
    return this.console.send("GET", "/ratings");
  }

  place(conversation: string): Promise<QueuePlace | null> {
    return this.console.send("GET", `/conversations/${encodeURIComponent(conversation)}/place`);
  }

  async endpoints(): Promise<Endpoint[]> {
    return (await this.console.send<{ endpoints: Endpoint[] }>("GET", "/webhooks")).endpoints;
  }

  /** The secret of the new endpoint; it is told this once. */
  async addEndpoint(url: string): Promise<string> {
    return (await this.console.send<{ secret: string }>("POST", "/webhooks", { url })).secret;
  }

  setEndpoint(id: string, enabled: boolean): Promise<void> {
    return this.console.send("PUT", `/webhooks/${encodeURIComponent(id)}`, { enabled });
  }

  removeEndpoint(id: string): Promise<void> {
    return this.console.send("DELETE", `/webhooks/${encodeURIComponent(id)}`);
  }

  /** How many deliveries that were given up are on their way again. */
  async sendAgain(id: string): Promise<number> {
    const path = `/webhooks/${encodeURIComponent(id)}/send_again`;
    return (await this.console.send<{ sent_again: number }>("POST", path, {})).sent_again;
  }

  async tools(): Promise<Tool[]> {
    return (await this.console.send<{ tools: Tool[] }>("GET", "/tools")).tools;
  }

  /** Call a tool as a customer of the shop; nothing comes of it. */
  dryRun(tool: string, asked: DryRun): Promise<DryRunResult> {
    return this.console.send("POST", `/tools/${encodeURIComponent(tool)}/dry_run`, asked);
  }

  async tags(): Promise<KnownTag[]> {
    return (await this.console.send<{ tags: KnownTag[] }>("GET", "/tags")).tags;
  }

  addTag(conversation: string, tag: string): Promise<{ tags: string[] }> {
    return this.console.send("POST", `/conversations/${encodeURIComponent(conversation)}/tags`, {
      tag,
    });
  }

  removeTag(conversation: string, tag: string): Promise<{ tags: string[] }> {
    const path = `/conversations/${encodeURIComponent(conversation)}/tags/${encodeURIComponent(tag)}`;
    return this.console.send("DELETE", path);
  }

  savedReplies(): Promise<SavedReplies> {
    return this.console.send("GET", "/saved_replies");
  }

  /** A new one where `id` is null. */
  saveReply(id: string | null, written: WrittenReply): Promise<SavedReply> {
    if (id === null) return this.console.send("POST", "/saved_replies", written);
    return this.console.send("PUT", `/saved_replies/${encodeURIComponent(id)}`, written);
  }

  removeReply(id: string): Promise<void> {
    return this.console.send("DELETE", `/saved_replies/${encodeURIComponent(id)}`);
  }

  /** Its text for this conversation, with what is known there filled in. Counts as a use. */
  async takeReply(conversation: string, id: string): Promise<string> {
    const path = `/conversations/${encodeURIComponent(conversation)}/saved_replies/${encodeURIComponent(id)}`;
    return (await this.console.send<{ text: string }>("POST", path, {})).text;
  }

  active(): Promise<void> {
    return this.console.send("POST", "/active", {});
  }
}
