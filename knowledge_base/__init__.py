"""Articles in, cited passages out.

Sources (folders of Markdown, JSONL files) become versions of passages with vectors and words; a question becomes the
passages that may answer it, with every score that led to them. Each version is built beside the live one and switched
in one step. Never answers, never decides whether a passage is good enough, never talks to a customer.
"""
