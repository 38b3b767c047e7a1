"""The rows of ``control.views`` that have files of samples of their own, in one list; append yours here."""

from audit_samples import AUDITED
from backed_samples import BACKED
from balance_samples import BALANCES
from chronicle_samples import CHRONICLE
from conflict_samples import CONFLICTED
from eye_samples import EYES
from known_samples import KNOWN
from mapping_samples import MAPPED
from pilot_samples import PILOTED
from roster_samples import ROSTERS
from session_samples import SESSIONS
from token_samples import TOKENS
from vault_samples import VAULT
from view_samples import CLIENTS, KEEPING, OUTLOOKS, REMAPPED

OTHERS = [
    *OUTLOOKS,
    *PILOTED,
    *CONFLICTED,
    *REMAPPED,
    *MAPPED,
    *KEEPING,
    *CLIENTS,
    *AUDITED,
    *BACKED,
    *BALANCES,
    *CHRONICLE,
    *EYES,
    *VAULT,
    *TOKENS,
    *SESSIONS,
    *KNOWN,
    *ROSTERS,
]
