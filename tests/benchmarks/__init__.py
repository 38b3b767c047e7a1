"""``make bench``: the numbers of the README, each beside a bare limit measured in the same run. Never a test.

``bare`` measures the limits, ``load`` fills stores and drives daemons, ``__main__`` makes the table.
"""
