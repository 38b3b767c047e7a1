"""The network as tests have it: what they start listens on loopback addresses, which no tenant may name otherwise."""

from config.model import Network

LOOPBACK = ("127.0.0.0/8",)
HERE = Network(private_targets=LOOPBACK)
