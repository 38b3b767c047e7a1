"""The embedded LRS as a source: statements are pushed to the gateway; here are its settings."""

from actors.ports import SourceKind
from actors.sources.xapi.settings import XapiSettings

CONNECTOR = SourceKind(settings=XapiSettings)
