"""Many settings of one labeller on the same boxes, at the price of few.

Settings that differ behind the network share its passes, so that a table of
switches takes little longer than its most expensive row.
"""
