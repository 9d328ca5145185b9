"""Every rule can be said, in German, without a word of ours or of a library."""

from __future__ import annotations

import re
import string

import pytest

from pipeline.excel.reader.reading import Reason
from pipeline.model.messages import Message, catalogue
from pipeline.rules.registry import by_id

FOREIGN = re.compile(
    r"\b(xml|zip|openpyxl|calamine|pandas|pandera|python|exception|error|traceback|regex|dataframe|none|nan|"
    r"string|float|integer|boolean|type|value|cell|sheet|row|column|file|check|schema|frame|parser|dtd)\b",
    re.IGNORECASE,
)
SPOKEN = re.compile(r"XML-Format von Excel 2003|„Strict Open XML“")
"""Where the name of a format is the very word that the program shows its user."""


def _said(entry: Message) -> str:
    return re.sub(r"\{\w+\}", "", f"{entry.title} {entry.message} {entry.repair}")


def test_every_rule_has_its_entry_and_every_entry_its_rule() -> None:
    assert {each.partition(".")[0] for each in catalogue()} == set(by_id())
    assert set(by_id()) <= set(catalogue())


def test_every_refusal_of_the_reader_has_its_sentence() -> None:
    said = {each.removeprefix("D01.") for each in catalogue() if each.startswith("D01.")}
    assert said == {reason.value for reason in Reason}


@pytest.mark.parametrize("rule", sorted(catalogue()))
def test_a_message_is_a_german_sentence_with_a_repair(rule: str) -> None:
    entry = catalogue()[rule]
    for text in (entry.message, entry.repair):
        assert text[-1] in ".?!}", text
        assert '"' not in text
        assert "'" not in text
        assert text.count("„") == text.count("“")
    assert entry.title
    assert "{" not in entry.title
    plain = SPOKEN.sub("", _said(entry))
    assert FOREIGN.findall(plain) == [], plain


@pytest.mark.parametrize("rule", sorted(catalogue()))
def test_no_message_blames_or_shouts(rule: str) -> None:
    said = _said(catalogue()[rule])
    assert not re.search(r"\b(Sie haben|falsch gemacht|ungültig|unzulässige Eingabe|!)\b", said)
    assert "!" not in said


def test_variants_of_a_rule_have_one_title() -> None:
    for rule, entry in catalogue().items():
        assert entry.title == catalogue()[rule.partition(".")[0]].title


@pytest.mark.parametrize("rule", sorted(catalogue()))
def test_placeholders_are_plain_names(rule: str) -> None:
    entry = catalogue()[rule]
    for text in (entry.message, entry.repair):
        for _, name, form, conversion in string.Formatter().parse(text):
            assert name is None or re.fullmatch(r"[a-z]+", name)
            assert not form
            assert not conversion
