"""Rosters: who should be where, who is, and what to do about it. Pure.

Read in this order: ``model`` (places, seats, members), ``units`` (what a rule makes places of), ``desired`` (seats by
enrolments), ``memory`` (what is known of members), ``difference`` and ``diff`` (seats against members), ``brake``,
``plan`` (what one run would do, and its hash), ``accounts`` (how each person stands), ``order`` (what goes to the
vendor).
"""
