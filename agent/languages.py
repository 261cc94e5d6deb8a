"""Which language a customer writes in, from its commonest words and its script. No model, no download.

Messages go in, a code such as "de" comes out, or None where too little tells.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from knowledge_base.languages import COMMON_WORDS, ENGLISH

NAMES: Final = {
    "en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian", "pt": "Portuguese",
    "nl": "Dutch",
    "sv": "Swedish", "da": "Danish", "pl": "Polish", "tr": "Turkish", "ru": "Russian", "uk": "Ukrainian",
    "ja": "Japanese", "zh": "Chinese", "ko": "Korean", "ar": "Arabic", "he": "Hebrew", "el": "Greek", "th": "Thai",
    "hi": "Hindi",
}  # fmt: skip

_SUPPORT: Final = {
    "en": """
    order refund return shipping delivery parcel package password warranty broken money size cancel track late
    """,
    "de": """
    hallo danke bestellung bestellen paket lieferung versand rückgabe zurückgeben zurück geld größe konto
    rechnung hilfe kostet lange möchte brauche umtauschen kaputt passwort guten tag frage wurde geliefert
    """,
    "fr": """
    bonjour merci commande colis livraison retour rembourser remboursement argent taille compte facture aide
    coûte combien voudrais besoin échanger cassé retourner envoyer expédier sous délai salut bonsoir puis-je
    """,
    "es": """
    hola gracias pedido paquete envío envio entrega devolución devolver reembolso dinero talla cuenta factura
    ayuda cuesta cuánto cuanto necesito quiero cambiar roto buenos días contraseña enviar llega dónde
    """,
    "it": """
    ciao grazie ordine pacco spedizione consegna reso restituire rimborso soldi taglia fattura aiuto costa
    vorrei bisogno cambiare rotto buongiorno spedire arriva posso salve
    """,
    "pt": """
    olá ola obrigado obrigada encomenda pedido entrega devolução devolver reembolso dinheiro tamanho conta
    fatura ajuda custa quanto preciso quero trocar partido bom dia enviar envio chega onde
    """,
    "nl": """
    hallo bedankt bestelling bestellen pakket levering verzending verzendkosten retour retourneren terug geld
    maat rekening factuur hulp kost hoeveel graag ruilen kapot wachtwoord dank
    """,
    "sv": """
    hej tack beställning paket leverans frakt retur pengar hjälp kostar
    """,
    "da": """
    hej tak bestilling pakke levering fragt retur penge hjælp koster
    """,
    "pl": """
    cześć dzień dobry dziękuję zamówienie paczka dostawa wysyłka zwrot pieniądze pomoc kosztuje
    """,
    "tr": """
    merhaba teşekkürler sipariş siparişim kargo teslimat iade para yardım
    """,
    "ru": """
    здравствуйте привет спасибо заказ посылка доставка возврат деньги помощь стоит
    """,
}
"""Words that customers of shops write, beside the commonest of their language."""
_WORDS: Final = {
    language: frozenset(COMMON_WORDS.get(language, frozenset())) | frozenset(listed.split())
    for language, listed in _SUPPORT.items()
}
_SCRIPTS: Final = (
    (re.compile("[\u3040-\u30ff]"), "ja"),
    (re.compile("[\uac00-\ud7af]"), "ko"),
    (re.compile("[\u3400-\u4dbf\u4e00-\u9fff]"), "zh"),
    (re.compile("[\u0590-\u05ff]"), "he"),
    (re.compile("[\u0600-\u06ff]"), "ar"),
    (re.compile("[\u0e00-\u0e7f]"), "th"),
    (re.compile("[\u0900-\u097f]"), "hi"),
    (re.compile("[\u0370-\u03ff]"), "el"),
    (re.compile("[іїєґ]"), "uk"),
    (re.compile("[\u0400-\u04ff]"), "ru"),
)
_MOST_OF: Final = 0.4
"""Share of the letters that must be of a script: "the 東京 edition" is English."""
_WORD: Final = re.compile(r"[^\W\d_]{2,}")
_SAMPLE: Final = 2_000
_LEAD: Final = 1.5
"""How much commoner than English words those of another language must be, as some are English too ("die", "in")."""
_FEW: Final = 3
"""Among so few words one that tells is enough ("hola", "Wo ist…"); in a longer message it takes two."""


def language_of(texts: Sequence[str]) -> str | None:
    """The language of the newest of `texts`, oldest first, that tells one. None where none does."""
    return next((found for text in reversed(texts) if (found := _language(text[:_SAMPLE])) is not None), None)


@lru_cache(maxsize=4_096)
def _language(text: str) -> str | None:
    folded = text.casefold()
    script = _script(folded)
    if script is not None:
        return script
    words = _WORD.findall(folded)
    found = {language: sum(word in listed for word in words) for language, listed in _WORDS.items()}
    best = max(found, key=lambda language: (found[language], language == ENGLISH))
    if best == ENGLISH or not found[best]:
        return ENGLISH if found[ENGLISH] else None
    needed = 1 if len(words) <= _FEW else 2
    tied = any(found[other] == found[best] for other in found if other not in (best, ENGLISH))
    clear = found[best] >= needed and found[best] > _LEAD * found[ENGLISH]
    return best if clear and not (tied and found[best] < needed + 1) else None


def _script(text: str) -> str | None:
    letters = sum(character.isalpha() for character in text)
    for pattern, language in _SCRIPTS:
        if letters and len(pattern.findall(text)) > (0 if language in ("ja", "uk") else _MOST_OF * letters):
            if language == "ja" and len(pattern.findall(text)) < 2:
                continue
            return language
    return None
