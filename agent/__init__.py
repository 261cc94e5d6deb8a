"""One turn of the AI agent: a conversation's messages in, a `Draft` out.

It reads the help center through a search port and may call read tools through the toolbox. It never writes to the
record, never posts a message, never changes anything in the business: what becomes of a draft is decided above.
"""
