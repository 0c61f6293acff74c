"""What the machine can do, and how a run fits itself to it.

Nothing here imports torch at import time, so that ``mal --help`` stays quick.
"""
