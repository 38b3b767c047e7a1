"""Sign-on: who somebody is, as an identity provider says it.

Read in this order: ``claims`` (from what a provider tells to a person who signed in), ``tables`` (the mapping tables
for that), then the two ways of being told.
"""
