"""What the AI agent may look up in the business, and the gate in front of it.

In: a session's `Principal`, a tool's name and its arguments as the model or the code wrote them.
Out: a `ToolResult`, also for everything that goes wrong on the way.
Never: a customer's id as an argument, a repaired argument, a lookup before the customer is verified,
a byte about another customer's records.
"""
