"""From the AI agent to a person and back.

In go drafts of turns and clicks of customers and human agents; out come moves of the conversation, messages and a
brief. `policy` decides whether to hand off, `brief` says what the person must know, `desk` does it in one transaction.
It never generates an answer and never talks HTTP.
"""
