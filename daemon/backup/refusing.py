"""What ends whatever is done with backups, and what is light enough for a command that only asks the daemon."""

PEM_BYTES_MAX = 64 * 1024


class BackupRefused(Exception):
    """A backup cannot be made, opened or put back; the text says why and what helps, and nothing secret."""
