from knowledge_base.model import EVERYONE
from knowledge_base.records import stored_from, stored_record
from tests.knowledge_base.built import stored
from tests.knowledge_base.shop import article


def test_an_article_is_read_back_from_its_record() -> None:
    one = stored(article("returns"))
    assert stored_from(stored_record(one)) == one


def test_a_record_from_before_articles_had_dates_and_audiences_is_for_everyone() -> None:
    record = stored_record(stored(article("returns")))
    for key in ("language", "published", "effective_at", "expires_at", "audience"):
        del record[key]
    found = stored_from(record).article
    assert (found.language, found.published, found.effective_at, found.expires_at) == (None, True, None, None)
    assert found.audience == EVERYONE
