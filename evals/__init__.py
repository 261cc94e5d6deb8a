"""Quality measured: labelled questions and public sets in, tables with sample sizes and intervals out.

Runs the same agent as the service. It never changes the record; nothing here is imported by the product.
"""
