"""Personal data: a column of e-mail addresses, phone numbers, IBANs, card numbers with their checksums, or names.

All of them are made up; card numbers and IBANs carry right checksums, as real ones do. The column's name is neutral in
half of the cases, so that what it holds must be seen in its values.
"""

from __future__ import annotations

from exam_common import Injected, Rng, planted
from exam_tables import Clean

FIRST = (
    "Anna", "Peter", "Maria", "John", "Fatima", "Wei", "Olga", "James", "Linda", "Carlos", "Emma", "Noah", "Sofia",
    "Lucas", "Mia", "Ahmed", "Yuki", "Ivan", "Chloe", "David", "Sarah", "Michael", "Laura", "Thomas", "Julia",
    "Daniel", "Elena", "Robert", "Nina", "Paul", "Karin", "Martin", "Grace", "Oliver", "Ruth", "Simon", "Eva",
    "Henry",
)  # fmt: skip
LAST = (
    "Smith", "Müller", "Garcia", "Johnson", "Brown", "Nguyen", "Rossi", "Kim", "Silva", "Jensen", "Novak", "Dubois",
    "Schmidt", "Lopez", "Martin", "Wilson", "Andersson", "Kowalski", "Tanaka", "Khan", "Jones", "Weber", "Moreau",
    "Costa", "Hansen", "Taylor", "Fischer", "Ivanov", "Clark", "Lewis", "Walker", "Young", "King", "Wright",
)  # fmt: skip
HOSTS = ("example.com", "gmail.com", "mail.org", "firma.de", "outlook.com", "uni.edu")
NAMES = {
    "email": ("email", "contact"),
    "phone": ("phone", "reach"),
    "iban": ("iban", "account_ref"),
    "card": ("card_number", "payment"),
    "name": ("full_name", "who"),
}


def personal_data(table: Clean, rng: Rng) -> Injected | None:
    """Plant a column that says who people are, filled in 60 to 100 % of the rows."""
    what = str(rng.choice(sorted(MAKERS)))
    filled = rng.random(table.frame.height) < rng.uniform(0.6, 1)
    cells = [MAKERS[what](rng) if there else None for there in filled]
    dirty = planted(table, {NAMES[what][int(rng.integers(2))]: cells})
    name = dirty.frame.columns[-1]
    return Injected(table.frame, dirty.frame, (name,), note=f"{what} in {name!r} such as {next(filter(None, cells))!r}")


def email(rng: Rng) -> str:
    """Make an e-mail address."""
    first, last = str(rng.choice(FIRST)).lower(), str(rng.choice(LAST)).lower().replace("ü", "ue")
    return f"{first}.{last}{rng.integers(1, 100)}@{rng.choice(HOSTS)}"


def phone(rng: Rng) -> str:
    """Make a phone number in one of the usual forms."""
    a, b, c = rng.integers(200, 999), rng.integers(200, 999), rng.integers(1000, 9999)
    return str(rng.choice([f"+1 {a} {b} {c}", f"({a}) {b}-{c}", f"+49 {a} {b}{c}", f"+1-{a}-{b}-{c}"]))


def iban(rng: Rng) -> str:
    """Make a German IBAN whose check digits are right."""
    account = "".join(str(digit) for digit in rng.integers(0, 10, 18))
    check = 98 - int(f"{account}131400") % 97
    return f"DE{check:02d}{account}"


def card(rng: Rng) -> str:
    """Make a card number with Luhn's check digit."""
    digits = [4, *(int(digit) for digit in rng.integers(0, 10, 14))]
    doubled = [digit * 2 - 9 * (digit > 4) if place % 2 == 0 else digit for place, digit in enumerate(digits)]
    return "".join(map(str, [*digits, -sum(doubled) % 10]))


def name(rng: Rng) -> str:
    """Make a name."""
    return f"{rng.choice(FIRST)} {rng.choice(LAST)}"


MAKERS = {"email": email, "phone": phone, "iban": iban, "card": card, "name": name}
