/** The team's accounts over HTTP. */

import type { HumanAgent } from "./types.ts";

export type Role = "viewer" | "human_agent" | "lead" | "admin";

export type Colleague = HumanAgent & { online: boolean };

export interface Invitation {
  id: string;
  email: string;
  role: Role;
  expires_at: string;
}

export interface TeamList {
  human_agents: Colleague[];
  invitations: Invitation[];
  roles: Role[];
}

export interface SignInSession {
  id: string;
  device: string;
  created_at: string | null;
  expires_at: string;
}

export interface AuditLine {
  number: number;
  at: string;
  who: string | null;
  name: string;
  did: string;
  to: string;
  outcome: number;
}
