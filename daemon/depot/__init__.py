"""Files that sources read: inboxes into which bundles are dropped, and the spool of those that are downloaded.

Read in this order: ``opening`` (what is a bundle, and what is none), ``tables`` (its CSV files, row by row), ``inbox``
(what lies there, whether it is still being written, where it goes afterwards), ``shelf`` (the port).
"""

from daemon.depot.shelf import FileDepot as FileDepot
