"""What law protects about people, and by which names and values columns tell it, in several languages.

Three lists of protected characteristics: the Charter of Fundamental Rights of the European Union, article 21 (sex,
race, colour, ethnic or social origin, language, religion or belief, political opinion, membership of a national
minority, birth, disability, age, sexual orientation, nationality); the Equal Credit Opportunity Act of the United
States, 15 U.S.C. 1691(a) (race, color, religion, national origin, sex, marital status, age, public assistance); the
Equality Act 2010 of the United Kingdom, section 4 (age, disability, gender reassignment, marriage and civil
partnership, pregnancy and maternity, race, religion or belief, sex, sexual orientation).

Names and values are written here as they are compared: folded, without accents, one word each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

CHARTER: Final = "EU Charter of Fundamental Rights, article 21"
CREDIT: Final = "US Equal Credit Opportunity Act"
EQUALITY: Final = "UK Equality Act 2010"
Holds = Literal["groups", "age", "birth", "yes or no", "any"]

Words = frozenset[str]


def _words(text: str) -> Words:
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class Characteristic:
    """Something about people that law protects, and how a column that tells it is recognised."""

    name: str
    protected_by: tuple[str, ...]
    words: Words = frozenset()
    """Any of these in a column's name says it, where what stands beside it could be said of people."""
    phrases: tuple[Words, ...] = ()
    """All words of one of these say it as well."""
    weak: Words = frozenset()
    """Words that mean other things too, and say it only where the values do."""
    weak_codes: Words = frozenset()
    """Those of them that are believed of yes or no and of a few codes as well."""
    beside: Words = frozenset()
    """Words that may stand beside, besides those that may stand beside all."""
    values: Words = frozenset()
    """Words in values that say it: two of them at least, in most of the values."""
    decisive: tuple[Words, ...] = ()
    """One of each of these, or two of a single one, must be among the values to say it without the name; without any,
    values alone never do."""
    holds: Holds = "groups"
    """What the column has to hold: a few groups, ages, dates or years of birth, yes or no, or any of all these."""


PEOPLE: Final = _words(
    "person persons people customer client patient employee passenger student teacher pupil applicant "
    "borrower candidate driver guest member subscriber player user respondent participant subject "
    "individual defendant inmate worker policyholder cardholder holder insured beneficiary claimant "
    "mother father parent child children spouse partner owner buyer seller tenant resident voter "
    "caller donor recipient head household staff contact debtor host author kunde kundin kunden "
    "patientin mitarbeiter bewerber antragsteller cliente clienti usuario paciente empleado alumno "
    "utilisateur employe salarie etudiant utente dipendente klant werknemer klient pacjent pracownik "
    "kund"
)
"""Whom a column may be about."""
BESIDE: Final = PEOPLE | _words(
    "of at in the a is has de del della du des la le el der die das do da dos i s x my your self main "
    "primary current reported declared stated known given actual group groups grp band bands range "
    "ranges class category cat kategorie gruppe groupe grupo bucket bin bins code codes cd type "
    "status stat flag ind indicator label name value val num encoded enc coded raw clean cleaned text "
    "str string desc description detail info demographic demographics personal years year yrs yr "
    "jahre anos ans admission entry enrollment enrolment diagnosis hire hiring application intake "
    "baseline visit exact rounded derived new old"
)
"""Words that change nothing about what a name says of people."""
GLUED: Final = frozenset(word for word in PEOPLE if len(word) >= 5) | _words(
    "group groups status date year country native place range code class category of pct percent"
)
"""Those that may be written as one word with others: "customerage", "dateofbirth"; not "band" as in "bandage"."""
ELSEWHERE: Final = _words(
    "connector plug socket thread fitting pipe adapter cable port flower plant animal species breed "
    "noun word verb grammatical grammar product item toy shoe shoes clothing apparel department size"
)
"""Beside these words in a column's name, values such as "male" are not about the person of the row."""

_FEMALE = _words(
    "mrs miss ms madam madame signora senora female females woman women girl girls f w weiblich frau "
    "frauen femme femmes femenino feminino femminile mujer mulher donna vrouw vrouwen kobieta kvinna "
    "kvinnor kvinde kvinne nainen feminin zena zhenskii женскии ж жен женщина 女 女性 여 여성"
)
_MALE = _words(
    "mr sir herr monsieur signor senor male males man men boy boys m mannlich maennlich mann manner "
    "homme hommes h masculino maschile maschio hombre homem uomo mannen mezczyzna k masculin muz mies "
    "мужскои м муж мужчина 男 男性 남 남성"
)
_LONE = _words("f w m h k ж м 女 男 여 남")
_ETHNIC = _words(
    "white black asian hispanic latino latina latinx caucasian african afro indian native american "
    "islander eskimo aboriginal indigenous mixed multiracial biracial arab roma"
)
_MARRIED = _words(
    "married divorced widowed widow widower separated unmarried husband wife cohabiting verheiratet "
    "geschieden verwitwet ledig marie mariee divorce divorcee veuf veuve celibataire casado casada "
    "divorciado divorciada viudo viuda viuvo soltero soltera solteiro sposato sposata divorziato "
    "vedovo celibe nubile getrouwd gehuwd gescheiden ongehuwd zonaty zamezna rozwiedziony wdowiec "
    "gift skild"
)
_RELIGIONS = _words(
    "christian christianity muslim islam islamic jewish judaism hindu hinduism buddhist buddhism sikh "
    "catholic protestant orthodox atheist agnostic evangelical lutheran mormon katholisch evangelisch "
    "konfessionslos catholique musulman juif catolico musulmano judio cattolico ateo"
)

CHARACTERISTICS: Final[tuple[Characteristic, ...]] = (
    Characteristic(
        "sex",
        (CHARTER, CREDIT, EQUALITY),
        words=_words(
            "sex gender geschlecht sexe sexo genero sesso geslacht plec kjonn sukupuoli pohlavi "
            "pohlavie cinsiyet 性别 性別 성별 пол φυλο"
        ),
        weak=_words("genre genere kon anrede title salutation"),
        values=_FEMALE | _MALE,
        decisive=(_FEMALE - _LONE, _MALE - _LONE),
    ),
    Characteristic(
        "sex",
        (CHARTER, CREDIT, EQUALITY),
        words=_words("male female woman man women men weiblich mannlich"),
        beside=_words("adult"),
        holds="yes or no",
    ),
    Characteristic(
        "age",
        (CHARTER, CREDIT, EQUALITY),
        words=_words(
            "age alter eta edad idade leeftijd wiek alder ika yas vek возраст 年龄 年齢 年齡 나이 ηλικια altersgruppe"
        ),
        holds="age",
    ),
    Characteristic(
        "age",
        (CHARTER, CREDIT, EQUALITY),
        words=_words("elderly pensioner rentner"),
        phrases=(_words("senior citizen"),),
        holds="yes or no",
    ),
    Characteristic(
        "age",
        (CHARTER, CREDIT, EQUALITY),
        words=_words(
            "birth birthdate birthday birthyear dob yob dateofbirth geburtsdatum geburtstag "
            "geburtsjahr naissance nacimiento nascimento nascita geboortedatum fodelsedatum "
            "fodselsdato urodzenia рождения 生年月日 出生日期"
        ),
        beside=_words("date day days month datum jahr fecha data annee anno ano"),
        holds="birth",
    ),
    Characteristic(
        "race or ethnic origin",
        (CHARTER, CREDIT, EQUALITY),
        words=_words("ethnicity ethnic ethnie ethnizitat etnia etnicidad raza raca hispanic latino caste minority"),
        phrases=(_words("skin color"), _words("skin colour"), _words("african american")),
        weak=_words("race origin color colour"),
        weak_codes=_words("race"),
        beside=_words("origin ethnicity color colour"),
        values=_ETHNIC,
        decisive=(_words("white black"), _ETHNIC - _words("white black mixed native american")),
    ),
    Characteristic(
        "race or ethnic origin, as shares of an area",
        (CHARTER, CREDIT, EQUALITY),
        phrases=tuple(
            frozenset({kind, share, group})
            for kind in ("race", "ethnic")
            for share in ("pct", "percent", "percentage", "share")
            for group in ("white", "black", "asian", "hispanic", "hisp", "latino", "minority")
        ),
        holds="any",
    ),
    Characteristic(
        "nationality or national origin",
        (CHARTER, CREDIT, EQUALITY),
        words=_words(
            "nationality citizenship nationalitat staatsangehorigkeit staatsburgerschaft nationalite "
            "nacionalidad nacionalidade nazionalita nationaliteit narodowosc obywatelstwo "
            "cittadinanza ciudadania medborgarskap birthplace immigrant migrant foreigner auslander "
            "гражданство 国籍 국적"
        ),
        phrases=(
            *(_words("native country"), _words("birth country"), _words("birth place"), _words("national origin")),
            *(_words("foreign worker"), _words("foreign born"), _words("country origin")),
        ),
        beside=_words("country region continent"),
        holds="any",
    ),
    Characteristic(
        "language",
        (CHARTER,),
        words=_words("muttersprache"),
        phrases=(_words("native language"), _words("mother tongue"), _words("home language"), _words("first language")),
    ),
    Characteristic(
        "religion or belief",
        (CHARTER, CREDIT, EQUALITY),
        words=_words(
            "religion religious religioso konfession glaube religione religiao religie religia "
            "вероисповедание 宗教 종교"
        ),
        weak=_words("faith belief denomination confession"),
        beside=_words("belief affiliation denomination"),
        values=_RELIGIONS,
        decisive=(_RELIGIONS - _words("orthodox"),),
    ),
    Characteristic(
        "marital or family status",
        (CREDIT, EQUALITY),
        words=_words(
            "marital married maritalstatus marstat familienstand zivilstand civilstand matrimonial verheiratet"
        ),
        phrases=(
            *(_words("civil status"), _words("etat civil"), _words("estado civil"), _words("stato civile")),
            *(_words("burgerlijke staat"), _words("family status"), _words("stan cywilny")),
        ),
        weak=_words("relationship"),
        values=_MARRIED | _words("single never"),
        decisive=(_MARRIED,),
    ),
    Characteristic(
        "disability",
        (CHARTER, EQUALITY),
        words=_words(
            "disability disabled handicapped behinderung schwerbehindert schwerbehinderung "
            "discapacidad discapacitado disabilita niepelnosprawnosc invalidite funktionshinder"
        ),
        weak=_words("handicap"),
        weak_codes=_words("handicap"),
    ),
    Characteristic(
        "pregnancy or maternity",
        (EQUALITY,),
        words=_words(
            "pregnant pregnancy pregnancies maternity schwanger schwangerschaft enceinte grossesse "
            "embarazada embarazo gravidez gravida incinta gravidanza zwanger zwangerschap ciaza"
        ),
        beside=_words("leave"),
        holds="any",
    ),
    Characteristic(
        "sexual orientation or gender identity",
        (CHARTER, EQUALITY),
        words=_words("transgender lgbt lgbtq lgbtqia"),
        phrases=(_words("sexual orientation"), _words("gender identity"), _words("gender reassignment")),
    ),
    Characteristic(
        "political opinion",
        (CHARTER,),
        phrases=(
            *(_words("political affiliation"), _words("political party"), _words("political opinion")),
            *(_words("political views"), _words("party affiliation"), _words("party registration")),
        ),
        beside=_words("party affiliation registration"),
    ),
    Characteristic("public assistance", (CREDIT,), phrases=(_words("public assistance"),)),
)
"""In the order in which they are looked for; of several that fit equally well the first is taken."""

POSTCODES: Final = _words(
    "zip zipcode postcode postalcode plz postleitzahl cap codigopostal codepostal postcodes kodpocztowy postnummer"
)
POSTAL_PHRASES: Final = (_words("zip code"), _words("post code"), _words("postal code"), _words("codigo postal"))
"""Where somebody lives is not protected, and tells origin and means: a hint, where other columns are about people."""
