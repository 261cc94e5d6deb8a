"""The record: who said what, who holds the conversation now, and one gapless event log per conversation.

In go messages and moves (verbs of `lifecycle`); out come conversations, messages, turns, handoffs and events.
Every change to a conversation happens inside `ConversationStore.change`, in one transaction with its events.
It never decides what to answer, never calls a model and knows nothing of HTTP.
"""
