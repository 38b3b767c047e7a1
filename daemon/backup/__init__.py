"""Backups: one encrypted file that holds the whole store as it was at one commit, made while the daemon works.

Read in this order: ``recipients`` (whom the key of a file is sealed for), ``sealed`` (the file), ``copying`` (one state
of the database, taken beside the writer), ``making`` (both together), ``placing`` (where files go, which of them stay),
``opening`` (a file is opened again, and proven), ``restoring`` (the store is put back).
"""
