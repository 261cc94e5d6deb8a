/** The team pages' side of the HTTP contract. Failures are `Refusal`s, as everywhere in the console. */

import type { AuditLine, Role, SignInSession, TeamList } from "@baton/shared/team";
import type { ConsoleApi } from "./api.ts";

export class TeamApi {
  private readonly console: Pick<ConsoleApi, "send">;

  constructor(console: Pick<ConsoleApi, "send">) {
    this.console = console;
  }

  team(): Promise<TeamList> {
    return this.console.send("GET", "/team");
  }

  /** The address that the invited person opens; it is told this once. */
  async invite(email: string, role: Role): Promise<string> {
    const answer = await this.console.send<{ address: string }>("POST", "/team/invitations", {
      email,
      role,
    });
    return answer.address;
  }

  takeBack(invitation: string): Promise<void> {
    return this.console.send("DELETE", `/team/invitations/${encodeURIComponent(invitation)}`);
  }

  accept(token: string, displayName: string, password: string): Promise<void> {
    const body = { token, display_name: displayName, password };
    return this.console.send("POST", "/invitation", body);
  }

  setRole(id: string, role: Role): Promise<TeamList> {
    return this.console.send("PUT", `/team/${encodeURIComponent(id)}/role`, { role });
  }

  /** How many conversations went back to the queue. */
  async remove(id: string): Promise<number> {
    const path = `/team/${encodeURIComponent(id)}`;
    return (await this.console.send<{ given_back: number }>("DELETE", path)).given_back;
  }

  endSessions(id: string): Promise<void> {
    return this.console.send("DELETE", `/team/${encodeURIComponent(id)}/sessions`);
  }

  async mySessions(): Promise<SignInSession[]> {
    return (await this.console.send<{ sessions: SignInSession[] }>("GET", "/my_sessions")).sessions;
  }

  endMySession(id: string): Promise<void> {
    return this.console.send("DELETE", `/my_sessions/${encodeURIComponent(id)}`);
  }

  async audit(before: number | null): Promise<AuditLine[]> {
    const query = before === null ? "" : `?before=${before}`;
    return (await this.console.send<{ lines: AuditLine[] }>("GET", `/audit${query}`)).lines;
  }

  async firstBroken(): Promise<number | null> {
    return (await this.console.send<{ first_broken: number | null }>("GET", "/audit/check"))
      .first_broken;
  }
}
