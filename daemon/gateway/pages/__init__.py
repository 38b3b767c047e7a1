"""Pages for people: few, plain, without scripts, in German or English. Everything that is printed is escaped.

``said`` has their words, ``show`` makes them; the templates lie beside. No page names anything that a vendor, a
provider or a sender wrote, unless it was configured here or proven.
"""

from daemon.gateway.pages.show import Link as Link
from daemon.gateway.pages.show import Notice as Notice
from daemon.gateway.pages.show import Pages as Pages
from daemon.gateway.pages.show import language_of as language_of
