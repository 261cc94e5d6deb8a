"""The systems behind the tools: one file per system, each filling a port of `tools/`.

In: the shop's own customer id and plain values. Out: the port's frozen values, or `ToolFailed`.
Never: a query without the customer's id in it, a write.
"""
