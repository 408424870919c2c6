"""What the name of a log's column says of it, in the languages that logs are kept in.

The last noun of a name counts: "movie_title" is a title, "user_age" is an age and says nothing of who took something.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from mlwright.clean.names import words


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


USER = _set(
    "user users uid usr customer cust client member visitor viewer reader listener reviewer rater voter buyer shopper"
    " subscriber person people player student patron household consumer guest borrower fullvisitor"
    " benutzer nutzer kunde kunden mitglied besucher kaufer leser horer zuschauer"
    " utilisateur membre visiteur acheteur abonne lecteur"
    " usuario cliente miembro visitante comprador lector utente utilizador membro acquirente"
    " gebruiker klant bezoeker lid anvandare kund bruger bruker uzytkownik klient uzivatel zakaznik kayttaja asiakas"
    " kullanici musteri пользователь клиент покупатель користувач 用户 顾客 用戶 ユーザー 顧客 사용자 고객"
)
USER_WEAK = _set(
    "session visit cookie device account profile basket cart order invoice transaction trip receipt ticket who author"
    " sitzung konto warenkorb bestellung rechnung commande panier facture pedido factura ordine playlist"
)
"""Whose taste it shows where nothing says who it was: one visit, one basket."""
VISIT = _set(
    "session visit basket cart order invoice transaction trip receipt ticket"
    " sitzung warenkorb bestellung rechnung commande panier facture pedido factura ordine"
)
"""What ends soon: one visit, one basket, behind which there is somebody."""
LASTING = _set("profile account login email mail username nickname nick handle konto loyalty")
"""What somebody keeps from one visit to the next."""
ITEM = _set(
    "item items product prod article movie film song track artist album book isbn asin sku video show series episode"
    " game app anime manga recipe dish restaurant business venue place poi location content ad advert news page url"
    " course lesson job listing hotel property stock ean upc gtin podcast channel repo repository wine beer beverage"
    " document paper post story offer material merchandise good thing media station band playlist destination"
    " artikel produkt ware buch lied kunstler sendung spiel rezept"
    " produit livre chanson artiste jeu recette emission"
    " producto articulo pelicula libro cancion juego receta prodotto articolo canzone gioco ricetta produto artigo"
    " filme livro musica jogo receita boek nummer kunstenaar liedje bok lat ksiazka piosenka gra towar zbozi kniha"
    " tuote elokuva kirja urun kitap товар продукт фильм книга песня 商品 物品 产品 电影 アイテム 映画 상품 영화"
)
TITLE = _set(
    "title name titel titre titulo titolo tytul naslov otsikko название 名称 タイトル 제목 label description desc"
)
"""Names of things: they say what was taken where no id does."""
TIME = _set(
    "timestamp timestamps time datetime date ts when at moment epoch unixtime unix zeit datum zeitpunkt zeitstempel"
    " uhrzeit horodatage fecha hora tiempo data ora tijd tidpunkt tid czas aika paiva tarih zaman время дата"
    " 时间 日期 時間 日時 시간 날짜 day week month year step tick period tag jour dia"
)
TIME_FIRST = _set("timestamp timestamps ts unixtime unix epoch horodatage zeitstempel time datetime")
EVENT = _set(
    "event watched viewed purchase purchased bought order ordered invoice listened played read rated review reviewed"
    " clicked transaction interaction visit click view created occurred logged accessed checkin borrowed"
    " bestell bestellung kauf rechnung buchung verkauf ausleih"
)
TIME_NOT = _set(
    "release released birth birthday born dob signup registered registration joined published premiere updated"
    " modified expires expiry end ends until due deleted last publication"
    " geburt geburts erscheinung erscheinungs veroffentlichung anmelde anderung liefer lieferung ablauf"
)
RATING = _set(
    "rating ratings stars star score grade vote votes overall preference rate rated review_score liked like thumbs"
    " feedback bewertung sterne wertung note etoiles avis puntuacion calificacion valoracion estrellas valutazione voto"
    " avaliacao nota estrelas ocena beoordeling waardering betyg arvosana puan оценка рейтинг 评分 評価 평점"
)
AMOUNT = _set(
    "plays playcount count counts quantity qty amount weight duration listens clicks views minutes hours playtime"
    " seconds times menge anzahl quantite cantidad quantidade quantita aantal antal ilosc количество 数量"
)
TAKEN = _set(
    "click clicked purchased purchase bought converted conversion watched viewed label target ordered listened"
    " completed interacted interaction consumed accepted"
)
LENGTHS = _set("isbn ean upc gtin")
"""Numbers of things whose name ends in how long they are: "isbn13"."""
_NUMBERED = _set(
    "id ids key no nr num number code codes uuid guid hash pk ref nummer numero numer idx index identifier"
)
_GLUED = re.compile(r"(.+?)(id|ids|key|no|nr|num|number|code|uuid|guid|hash|nummer|name|title|time|date|count|at)")

_DATED = re.compile(r"(.{3,}?)s?(datum|zeitpunkt|zeitstempel)")
"""Compounds that say when: "Bestelldatum", "Rechnungsdatum"."""


@cache
def parts_of(name: str) -> tuple[str, ...]:
    """Return the words of a name, folded and without accents.

    >>> parts_of("movieId"), parts_of("userid"), parts_of("Künstler_Name"), parts_of("StockCode")
    (('movie', 'id'), ('user', 'id'), ('kunstler', 'name'), ('stock', 'code'))
    """
    plain = "".join(each for each in unicodedata.normalize("NFKD", name) if not _is_accent(each))
    found: list[str] = []
    for part in words(unicodedata.normalize("NFC", plain)):
        if part.isdigit() and found and found[-1] in LENGTHS:
            continue
        if dated := _DATED.fullmatch(part):
            found += [dated[1], dated[2]]
            continue
        glued = _GLUED.fullmatch(part)
        if glued and part not in _KNOWN and _singular(glued[1]) in _KNOWN:
            found += [_singular(glued[1]), glued[2]]
        else:
            found.append(_singular(part))
    return tuple(found)


def _is_accent(letter: str) -> bool:
    return unicodedata.combining(letter) > 0 and "\u0300" <= letter <= "\u036f"


_KNOWN = USER | USER_WEAK | ITEM | TITLE | TIME | EVENT | RATING | AMOUNT | TAKEN | _NUMBERED


def _singular(part: str) -> str:
    return part[:-1] if part not in _KNOWN and part.endswith("s") and part[:-1] in _KNOWN else part


def _head(name: str) -> tuple[str, bool, str]:
    """Return the last noun of a name, whether an id stands behind it, and the word before."""
    parts = list(parts_of(name))
    numbered = False
    while len(parts) > 1 and parts[-1] in _NUMBERED:
        parts.pop()
        numbered = True
    if not parts:
        return "", numbered, ""
    return parts[-1], numbered, parts[-2] if len(parts) > 1 else ""


def says_user(name: str) -> int:
    """Return how surely a name says who took something; 0 where it says nothing of it.

    >>> [says_user(name) for name in ("user_id", "Customer", "visitorid", "session_id", "user_age", "user_name")]
    [7, 6, 7, 3, 0, 4]
    """
    head, numbered, before = _head(name)
    if head in USER:
        return 6 + numbered
    if head in USER_WEAK or head in LASTING:
        return 2 + numbered
    return 4 if head == "name" and before in USER else 0


def says_visit(name: str) -> bool:
    """Tell whether a name says which visit it was, and not who came.

    >>> says_visit("session_id"), says_visit("sessionId"), says_visit("visitor_id"), says_visit("profile")
    (True, True, False, False)
    """
    return _head(name)[0] in VISIT


def says_person(name: str) -> int:
    """Return how surely a name says who it was from one visit to the next; 0 where it says nothing of it.

    >>> [says_person(name) for name in ("customer_id", "profile", "profile_name", "e-mail", "session_id", "device_id")]
    [7, 4, 3, 4, 0, 2]
    """
    head, numbered, before = _head(name)
    if head in USER:
        return 6 + numbered
    if head in LASTING:
        return 4 + numbered
    if head == "name" and (before in USER or before in LASTING):
        return 3
    return 2 if numbered and head in {"device", "cookie"} else 0


def says_item(name: str) -> int:
    """Return how surely a name says what was taken; 0 where it says nothing of it.

    >>> [says_item(name) for name in ("movieId", "product", "movie_title", "title", "StockCode", "product_category")]
    [7, 6, 4, 3, 7, 0]
    """
    head, numbered, before = _head(name)
    if head in ITEM:
        return 6 + numbered
    if head in TITLE:
        return 4 if before in ITEM else 0 if before else 3
    return 0


def says_time_of_event(name: str) -> int:
    """Return how surely a name says when something was taken; below 0 where it says when something else was.

    >>> [says_time_of_event(name) for name in ("timestamp", "watched_at", "InvoiceDate", "release_date", "day")]
    [6, 6, 6, -3, 4]
    """
    parts = parts_of(name)
    if TIME_NOT.intersection(parts):
        return -3
    if not TIME.intersection(parts):
        return 3 if parts and parts[-1] in EVENT and len(parts) == 1 and parts[0] in {"created", "occurred"} else 0
    return 6 if EVENT.intersection(parts) or TIME_FIRST.intersection(parts) else 4


def says_rating(name: str) -> int:
    """Return how surely a name says how much something was liked; below 0 where it says how often or how long.

    >>> [says_rating(name) for name in ("rating", "stars", "review_score", "play_count", "quantity", "price")]
    [6, 6, 6, -1, -1, 0]
    """
    parts = parts_of(name)
    if AMOUNT.intersection(parts):
        return -1
    if parts and parts[-1] in RATING:
        return 6 if not {"average", "avg", "mean", "total"}.intersection(parts) else 0
    return 0


def says_taken(name: str) -> bool:
    """Tell whether a column of 0 and 1 of that name says whether something was taken.

    >>> says_taken("is_click"), says_taken("clicked"), says_taken("male")
    (True, True, False)
    """
    return bool(TAKEN.intersection(parts_of(name)))
