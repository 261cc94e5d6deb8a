"""The service: HTTP, sign-in, settings, wiring, the turn runner and the command line.

In go requests and environment variables; out come problems, pages, event streams and finished turns.
It decides nothing about answers or handoffs: it authenticates, calls the packages below and shows what they return.
"""
