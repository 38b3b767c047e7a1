"""What the actors need of the world, and what a connector promises them. Each port has one conformance suite
(``tests/conformance``) that every adapter passes, fakes included.

Read in this order: ``world`` (time, chance, network, witness), ``store``, ``attachments``, ``vendors``, ``sources``,
``records``, ``readings``, ``audit``. ``faults``, ``striking``, ``consenting``, ``adjusting`` and ``sendings`` are what
the fakes of either side share: faults on demand, pages of consent, what operators change, what fakes send themselves.
"""

from actors.domain.outbox import Composed as Composed
from actors.domain.xapi.accepted import NewStatement as NewStatement
from actors.ports.attachments import Attached as Attached
from actors.ports.attachments import Attachments as Attachments
from actors.ports.audit import Audit as Audit
from actors.ports.audit import Deed as Deed
from actors.ports.persons import Persons as Persons
from actors.ports.readings import How as How
from actors.ports.readings import Reading as Reading
from actors.ports.readings import SourceName as SourceName
from actors.ports.readings import Sources as Sources
from actors.ports.sources import Bearing as Bearing
from actors.ports.sources import Depot as Depot
from actors.ports.sources import Source as Source
from actors.ports.sources import SourceKind as SourceKind
from actors.ports.store import Appended as Appended
from actors.ports.store import Caused as Caused
from actors.ports.store import Claimed as Claimed
from actors.ports.store import Housekeeping as Housekeeping
from actors.ports.store import Ledger as Ledger
from actors.ports.store import LoggedStatement as LoggedStatement
from actors.ports.store import Origin as Origin
from actors.ports.store import Outbox as Outbox
from actors.ports.store import Planned as Planned
from actors.ports.store import Provenance as Provenance
from actors.ports.store import Routed as Routed
from actors.ports.store import RoutedCount as RoutedCount
from actors.ports.store import StatementConflict as StatementConflict
from actors.ports.store import Statements as Statements
from actors.ports.store import StoreUnavailable as StoreUnavailable
from actors.ports.vendors import Answer as Answer
from actors.ports.vendors import Bundler as Bundler
from actors.ports.vendors import Connector as Connector
from actors.ports.vendors import Effect as Effect
from actors.ports.vendors import Errand as Errand
from actors.ports.vendors import Fake as Fake
from actors.ports.vendors import Fault as Fault
from actors.ports.vendors import Reveal as Reveal
from actors.ports.vendors import Target as Target
from actors.ports.vendors import Wording as Wording
from actors.ports.world import AttemptView as AttemptView
from actors.ports.world import Clock as Clock
from actors.ports.world import Dice as Dice
from actors.ports.world import Http as Http
from actors.ports.world import ReadingView as ReadingView
from actors.ports.world import RosterView as RosterView
from actors.ports.world import Witness as Witness
