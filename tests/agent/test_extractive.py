from dataclasses import replace
from itertools import pairwise

from agent.responders.extractive import answer
from knowledge_base.embedding import HashingEmbedder
from knowledge_base.model import Article, ArticleId, Hit, Quote, QuoteKind
from knowledge_base.splitting import split
from tests.agent.cast import hit

STEPS = """To return an item:

1. Open **Account → Orders**.
2. Choose the order, then **Return items**.
3. Print the label.
"""
FEES = """The charge depends on the destination.

| Destination | Standard | Express |
|---|---|---|
| United States | $6.95 | $14.95 |
| Canada | $12.95 | $24.95 |
| Norway | $19.95 | $34.95 |
"""


def hits_of(*articles: tuple[str, str], question: str) -> tuple[Hit, ...]:
    """Hits as the help center would give them, the articles in this order, with cosines of hashed words."""
    embedder = HashingEmbedder()
    asked = embedder.encode([question])[0]
    found = []
    for rank, (title, text) in enumerate(articles):
        article = Article(id=ArticleId(title.lower().replace(" ", "-")), title=title, text=text)
        for piece in split(article, embedder.count_tokens):
            passage = piece.passage
            scores = [float(embedder.encode([f"{q.lead} {q.text}"])[0] @ asked) for q in passage.quotes]
            found.append(
                Hit(
                    passage=passage,
                    score=1.0 - rank / 10 - passage.position / 100,
                    dense=0.7 - rank / 10,
                    lexical=9.0 - rank,
                    dense_rank=rank + 1,
                    lexical_rank=rank + 1,
                    quote_scores=tuple(scores),
                )
            )
    return tuple(found)


def ask(question: str, *articles: tuple[str, str]) -> str:
    return answer(question, question, hits_of(*articles, question=question)).text


def test_how_do_i_is_answered_with_all_the_steps_and_their_lead() -> None:
    text = ask("How do I return an item?", ("Returns", STEPS))
    assert text.splitlines()[0] == "To return an item: [1]"
    assert "1. Open **Account → Orders**." in text
    assert "3. Print the label." in text


def test_a_row_answers_what_it_names() -> None:
    text = ask("How much is express shipping to Canada?", ("Shipping costs", FEES))
    assert "**Canada** – Standard: $12.95; Express: $24.95 [1]" in text
    assert "Norway" not in text


def test_what_it_costs_to_send_something_back_is_said_only_to_who_asks_for_it() -> None:
    back = "PO boxes are fine. To send something back from Canada you use our prepaid label; it costs $9.95."
    articles = (("Shipping to Canada", FEES), ("Shipping to Canada", back))
    assert "$9.95" not in ask("How much is shipping to Canada?", *articles)
    assert "$9.95" in ask("How much is it to send something back from Canada?", *articles)


def test_a_table_is_shown_row_by_row_and_never_as_raw_pipes() -> None:
    text = ask("What does standard and express shipping cost for each destination?", ("Shipping costs", FEES))
    assert "|" not in text
    assert "**Canada** – Standard: $12.95; Express: $24.95" in text


def test_a_yes_to_another_question_is_no_answer() -> None:
    article = Article(id=ArticleId("repair"), title="Can you repair my gear?", text="Yes, if it is from Northpeak.")
    passage = split(article, HashingEmbedder().count_tokens)[0].passage
    far = Hit(passage=passage, score=0.5, dense=0.4, lexical=3.0, dense_rank=1, lexical_rank=1, quote_scores=(0.5,))
    assert answer("do you buy back used gear", "do you buy back used gear", [far]).text == ""
    assert answer("can you repair my gear", "can you repair my gear", [far]).text.startswith("Yes, if it is")


def test_an_exception_stays_with_its_rule() -> None:
    text = ask(
        "Can I return sale items?",
        (
            "Returns",
            "You can return sale items within 30 days. However, Final Sale items cannot be returned. We ship daily.",
        ),
    )
    assert (
        text
        == "You can return sale items within 30 days. However, Final Sale items cannot be returned. We ship daily. [1]"
        or (text == "You can return sale items within 30 days. However, Final Sale items cannot be returned. [1]")
    )


def test_a_sentence_that_leans_back_brings_the_one_before() -> None:
    text = ask(
        "does express cost extra in the evening",
        ("Express", "Express leaves the same day. It costs extra in the evening.\n\nOther things."),
    )
    assert text.startswith("Express leaves the same day. It costs extra in the evening.")


def test_what_is_quoted_is_verbatim_in_the_passage() -> None:
    question = "how long do I have to return something"
    hits = hits_of(("Returns", "You have **45 days** to return most items. Members have 60 days."), question=question)
    result = answer(question, question, hits)
    assert result.citations[0].quote in hits[0].passage.text
    assert all(support.sentence in hits[0].passage.text for support in result.sentences)
    assert all(support.source == hits[0].passage.id for support in result.sentences)


def test_images_and_relative_links_are_taken_off_and_https_links_kept() -> None:
    text = ask(
        "how do returns work for boots",
        (
            "Returns",
            "Returns of boots work like [this](/help/returns), see ![x](https://evil.example/p.png) [our page](https://a.example/b).",
        ),
    )
    assert "evil.example" not in text
    assert "/help/returns" not in text
    assert "[our page](https://a.example/b)" in text


def test_a_marker_written_in_an_article_is_not_a_citation() -> None:
    text = ask("what do studies say about boots", ("Boots", "Studies on boots [7] say that wool socks help."))
    assert "[7]" not in text
    assert text.endswith("[1]")


def test_a_pointer_to_another_article_is_not_an_answer() -> None:
    text = ask(
        "how long does delivery to Norway take",
        ("Delivery", "For Norway, see [Delivery to Norway](/help/norway).\n\nIt takes 5 days to Norway."),
    )
    assert text.startswith("It takes 5 days to Norway.")


def test_a_pointer_to_several_articles_is_not_an_answer() -> None:
    pointer = "Not sure about the size? Look at [boots](/help/b), [jackets](/help/j) and [packs](/help/p)."
    text = ask("wrong size boots", ("Exchanges", f"{pointer}\n\n## Limits\n\nOne size is swapped once, for free."))
    assert "swapped once" in text
    assert "Look at" not in text


def test_a_short_paragraph_is_quoted_whole() -> None:
    rule = "All payments are made in **US dollars**. The shop can show estimates in euro at the foot of the page."
    assert ask("can the shop show euro", ("Currency", rule)) == f"{rule} [1]"
    long = f"{'We keep rates of many banks in view. ' * 12}The shop can show estimates in euro."
    assert "rates of many banks" not in ask("can the shop show euro", ("Currency", long))


def test_two_paragraphs_that_are_as_likely_the_answer_are_both_quoted() -> None:
    alike = "Label fee from Canada: taken off the refund.\n\n## Free\n\nLabel fee waived: exchanges and store credit."
    text = ask("label fee", ("Labels", alike))
    assert "taken off the refund" in text
    assert "exchanges and store credit" in text
    unlike = "Label fee from Canada: taken off the refund.\n\n## Shops\n\nOur shops open at ten."
    assert "open at ten" not in ask("label fee", ("Labels", unlike))


def test_a_table_of_contents_is_not_an_answer() -> None:
    text = ask(
        "reset the board",
        (
            "Reset",
            "In this article:\n\n- [Reset the board](#reset)\n- [Reset memory](#memory)\n\n---\n\n"
            "Press the button on the board to reset it.",
        ),
    )
    assert text.startswith("Press the button")


def test_two_questions_in_one_may_cite_two_articles() -> None:
    question = "how long does delivery take and what does gift wrapping cost"
    result = answer(
        question,
        question,
        hits_of(
            ("Delivery", "Delivery takes 3 to 5 days."),
            ("Gift wrapping", "Gift wrapping costs $4 for each order."),
            question=question,
        ),
    )
    assert [citation.article_id for citation in result.citations] == ["delivery", "gift-wrapping"]
    assert "[1]" in result.text
    assert "[2]" in result.text


def test_at_most_two_articles_are_cited_and_markers_count_up() -> None:
    question = "how do returns and refunds and exchanges work"
    articles = [(name, f"{name} work like this.") for name in ("Returns", "Refunds", "Exchanges", "Repairs")]
    result = answer(question, question, hits_of(*articles, question=question))
    assert len({citation.article_id for citation in result.citations}) <= 2
    assert all(later.marker == earlier.marker + 1 for earlier, later in pairwise(result.citations))


def test_an_item_under_a_heading_that_decides_its_meaning_says_so() -> None:
    item = Quote(text="Adding an item to the order.", kind=QuoteKind.ITEM)
    other = Quote(text="Changing the country.", kind=QuoteKind.ITEM)
    third = Quote(text="Splitting a payment.", kind=QuoteKind.ITEM)
    found = hit(
        "Change an order",
        "- Adding an item to the order.\n- Changing the country.\n- Splitting a payment.",
        heading="What is not possible",
        quotes=[item, other, third],
        scores=[0.9, 0.1, 0.1],
    )
    text = answer("can I add an item", "can I add an item", (found,)).text
    assert text == "What is not possible: Adding an item to the order. [1]"


def test_code_is_shown_in_a_block() -> None:
    text = ask(
        "which command lists the ports", ("Ports", "This command lists the ports:\n\n```\nboard list --ports\n```")
    )
    assert "```\nboard list --ports\n```" in text


def test_without_hits_nothing_is_said() -> None:
    assert answer("anything", "anything", ()).text == ""


def test_a_follow_up_is_answered_by_its_new_words() -> None:
    question = "How much is shipping to the United States? and Canada?"
    result = answer(question, "and Canada?", hits_of(("Shipping costs", FEES), question=question))
    assert "**Canada**" in result.text
    assert "United States" not in result.text


SIZES = """Measure over a thin shirt.

| Size | Women, chest | Men, chest |
|---|---|---|
| S | 84–89 cm | 90–95 cm |
| M | 90–95 cm | 96–101 cm |
| L | 96–102 cm | 102–108 cm |
"""
BOXES = """Yes, in the United States and Canada, with Standard shipping.

We cannot deliver to PO boxes:

- with Express shipping
- when the order is $300 or more
"""


def test_a_measure_picks_the_rows_whose_range_holds_it() -> None:
    text = ask("what size for a chest of 98cm", ("Which jacket size should I choose", SIZES))
    assert "96–101 cm" in text
    assert "84–89 cm" not in text


def test_a_number_without_a_unit_is_no_measure() -> None:
    text = ask("chest size for 98 people", ("Which jacket size should I choose", SIZES))
    assert "84–89 cm" in text


def test_the_yes_or_no_that_an_article_opens_with_comes_before_its_exceptions() -> None:
    text = ask("Can you deliver to a PO box with Express?", ("Can you deliver to a PO box?", BOXES))
    assert text.startswith("Yes, in the United States and Canada")
    assert "with Express shipping" in text


def test_the_yes_of_another_question_is_not_put_first() -> None:
    text = ask("Can Express reach Norway by Friday?", ("Can you deliver to a PO box?", BOXES))
    assert not text.startswith("Yes")


def test_an_article_that_is_asked_the_same_kind_of_thing_wins_a_close_call() -> None:
    close = (
        ("My parcel is lost", "Wait for two days. We search for the shipping. It takes up to 8 days."),
        ("When will my order arrive", "Shipping takes 3–5 business days."),
    )
    found = hits_of(*close, question="how long does shipping take")
    near = tuple(replace(one, score=0.57 if one.passage.title.startswith("My") else 0.53) for one in found)
    assert "3–5 business days" in answer("how long does shipping take", "how long does shipping take", near).text
    far = tuple(replace(one, score=0.77 if one.passage.title.startswith("My") else 0.53) for one in found)
    assert "8 days" in answer("how long does shipping take", "how long does shipping take", far).text


def test_a_word_whose_spelling_was_put_right_finds_its_row() -> None:
    found = hits_of(("Fees", FEES), question="express to norway")
    text = answer("express to nrway", "express to nrway", found, mended={"nrway": "norway"}).text
    assert "**Norway**" in text
    assert "Canada" not in text
