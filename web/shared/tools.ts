/** The AI agent's tools and their dry runs, as the service writes them. */

export interface Argument {
  name: string;
  description: string;
  kind: "text" | "number" | "yes_no" | "choice" | "list";
  required: boolean;
  choices: string[];
  /** Those of each entry of a list. */
  fields: Argument[];
}

export interface Tool {
  name: string;
  description: string;
  access: "read" | "propose";
  needs: "anonymous" | "claimed" | "signed" | "verified";
  limits: { seconds: number; message_characters: number; data_characters: number };
  arguments: Argument[];
}

export type Proof = "signed" | "verified";

export interface DryRun {
  external_customer_id: string;
  proof: Proof;
  arguments: Record<string, unknown>;
}

export interface ToolProposal {
  kind: string;
  order_number: string;
  lines: { name: string; quantity: number; amount: string | null }[];
  amount: string | null;
  destination: string;
  rule: string;
  needs_person: string | null;
}

export interface DryRunResult {
  ok: boolean;
  code: string;
  message: string;
  data: Record<string, unknown>;
  /** What would be put on a card; it is on no record. */
  proposal: ToolProposal | null;
}
