from __future__ import annotations

import pytest

from knowledge_base.languages import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("To delete your account, open the settings and choose Delete. It cannot be undone.", "en"),
        ("Um ein Konto zu löschen, öffnen Sie die Einstellungen und klicken Sie auf Löschen.", "de"),
        ("Pour supprimer votre compte, ouvrez les paramètres de la page et choisissez Supprimer.", "fr"),
        ("Abra la configuración de su cuenta y elija Eliminar para que no se pueda usar más.", "es"),
        ("Per eliminare il tuo account apri le impostazioni della pagina e scegli Elimina.", "it"),
        ("Para excluir a sua conta, abra as configurações e escolha Excluir. Não há como voltar.", "pt"),
        ("Open de instellingen van uw account en kies Verwijderen om het te wissen.", "nl"),
        ("Öppna inställningarna för ditt konto och välj att det ska raderas.", "sv"),
        ("Откройте настройки и выберите удаление, чтобы это не было видно на сайте.", "ru"),
        (
            "Jak usunąć konto? Otwórz ustawienia i wybierz opcję, która jest na dole, a potem potwierdź to.",
            "pl",
        ),
    ],
)
def test_running_text_tells_its_language(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    "text", ["", "R4", "d = a · b · c − d · e", "Hon. L. de la Cruz, Hon. D. du Bois", "S i m p l y  l i n k"]
)
def test_what_tells_nothing_is_english(text: str) -> None:
    assert language_of(text) == "en"


def test_the_source_knows_better() -> None:
    assert language_of("To delete your account, open the settings.", "de-AT") == "de"
    assert language_of("", "pt_BR") == "pt"
