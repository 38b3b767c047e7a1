"""What cards for reviewers want of a vendor."""

from actors.domain.scopes import Feature, features_of, kept
from config.model import Review, Tenant

REVIEW = Review(to="chat", channel="C1")


def test_cards_are_posts_and_whoever_presses_is_looked_up() -> None:
    cards = {Feature.POSTING, Feature.PROBING}
    assert features_of([], "chat", hears=False, rosters=[REVIEW]) == cards
    named = Review(to="chat", channel="C1", reviewers=("ann@example.edu",))
    assert features_of([], "chat", hears=False, rosters=[named]) == cards | {Feature.LOOKUP}
    assert features_of([], "other", hears=False, rosters=[named]) == frozenset()


def test_what_a_tenant_wants_beside_routes() -> None:
    tenant = Tenant(name="acme", timezone="UTC", locale="en")
    assert kept(tenant) == ()
    assert kept(Tenant(name="acme", timezone="UTC", locale="en", review=REVIEW)) == (REVIEW,)
