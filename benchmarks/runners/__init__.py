"""How each system is asked: one short file for each, as its users would write it.

Each runs in an environment of its own, so a file here imports its system and what `runners.job` imports, no more.
"""
