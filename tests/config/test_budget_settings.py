"""Budgets as the settings name them: what is understood, and the one sentence for what is not."""

from decimal import Decimal
from pathlib import Path

import pytest

from config.budgets import dollars, parse_amount, parse_limits
from config.catalogue import load_catalogue
from config.checking import look
from config.settings import Settings, SettingsError, load

NO_FILE = Path("/nonexistent/.env")


def test_one_amount_is_for_all_and_names_are_for_some() -> None:
    """Given a budget for all and others by name, I expect whole millionths of a dollar for each."""
    assert parse_limits("20, replicate:10,flux-schnell : 0.5, vip-person:off,") == {
        "all": 20_000_000,
        "replicate": 10_000_000,
        "flux-schnell": 500_000,
        "vip-person": "off",
    }
    assert parse_limits("") == parse_limits(" ") == {}
    assert parse_limits("person:0.000001") == {"person": 1}
    assert parse_limits("all:3") == {"all": 3_000_000}


@pytest.mark.parametrize("amount", ["0", "25", "0.5", "999999999.999999"])
def test_an_amount_is_exact(amount: str) -> None:
    """Given amounts that floats cannot hold, I expect what was written, and no more."""
    limit = parse_amount(amount)
    assert isinstance(limit, int)
    assert Decimal(dollars(limit).removeprefix("$")) == Decimal(amount)


def test_dollars_have_as_many_digits_as_they_need() -> None:
    assert [dollars(n) for n in (0, 5_000_000, 1_250_000, 3_000, -10_000)] == [
        *("$0.00", "$5.00", "$1.25", "$0.003", "-$0.01"),
    ]


@pytest.mark.parametrize("setting", ["BUDGET_DAY_USD", "BUDGET_MONTH_USD"])
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("much", "must be an amount in US dollars such as 25 or 0.5, or off, not 'much' (all)"),
        ("-5", "not '-5' (all)"),
        ("nan", "not 'nan' (all)"),
        ("1e3", "not '1e3' (all)"),
        ("0.0000001", "not '0.0000001' (all)"),
        ("9999999999", "not '9999999999' (all)"),
        ("20, person", "not 'person' (all)"),
        ("20, person:", "not '' (person)"),
        ("20; person:1", "must be written 20, replicate:10, person:1 (US dollars)"),
        ("20, 30", "names all twice"),
        ("person:1, person:2", "names person twice"),
    ],
)
def test_what_is_no_budget_is_one_clear_sentence(setting: str, text: str, says: str) -> None:
    """Given a budget that cannot be read, I expect a sentence that names the setting and what is wrong."""
    with pytest.raises(SettingsError) as caught:
        load({setting: text}, NO_FILE)
    assert str(caught.value).startswith(setting)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert look({setting: text}, NO_FILE).errors[0].startswith(setting), "and the check goes on"


def test_a_budget_for_what_the_catalogue_has_not_is_refused() -> None:
    """Given a name that is neither reserved nor a provider or model, I expect all that may be named."""
    load_catalogue(Settings(budget_day_usd="1, replicate:1, flux-schnell:1, image:1, vip:1, person:1"))
    with pytest.raises(
        SettingsError, match=r"BUDGET_MONTH_USD names replicat, .*; known are all, .*replicate"
    ):
        load_catalogue(Settings(budget_month_usd="replicat:10"))


MODEL = """
[{name}]
title = "X"
kind = "image"
provider = "replicate"
reference = "a/x"
deadline_s = 10
typical_s = 1
price_usd = {price}
[film]
title = "Y"
kind = "video"
provider = "replicate"
reference = "a/y"
deadline_s = 10
typical_s = 1
price_usd = 0.1
"""


@pytest.mark.parametrize(
    ("name", "price", "says"),
    [
        ("image", "0.1", "model image has a name that stands for something else in budgets"),
        ("replicate", "0.1", "model replicate has a name that stands for something else in budgets"),
        ("x", "-0.1", "model x: price_usd must be US dollars, 0 or more, not -0.1"),
        ("x", "nan", "model x: price_usd must be US dollars, 0 or more, not nan"),
        ("x", "inf", "model x: price_usd must be US dollars, 0 or more, not inf"),
        ("x", '"0.1"', "model x: price_usd must be US dollars, 0 or more, not '0.1'"),
    ],
)
def test_the_catalogue_has_names_and_prices_that_budgets_can_use(
    tmp_path: Path, name: str, price: str, says: str
) -> None:
    """Given a model whose name or price no budget could go by, I expect a sentence that says which."""
    file = tmp_path / "models.toml"
    file.write_text(MODEL.format(name=name, price=price), encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_catalogue(Settings(models_file=str(file)))
    assert says in str(caught.value)
