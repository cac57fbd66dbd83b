"""The settings screen, as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from assistant.models.installed import InstalledModel
from assistant.settings import NO_READER, Length, Settings, checker_name, writer_name
from ui.page.markup import escape, render_button, render_data, render_screen_top
from ui.page.panel import name_computer


def render_settings(
    settings: Settings, models: Iterable[InstalledModel] | None, status: str, kept: int, length: Length
) -> str:
    """What can be changed, and how things stand.

    Args:
        models: to choose from; None if the person may not choose.
        status: a line about the guide and the model.
        kept: how many conversations are kept.
        length: of the answers in this tab.
    """
    return (
        f'{render_screen_top("Settings")}<div class="settings">'
        f"{_render_model(settings, models)}{_render_lengths(length)}{_render_sizes()}"
        f"{_render_conversations(settings, kept)}"
        f"<section><h3>How things stand</h3><p>{escape(status)}</p>"
        f'<p class="path">Texts: {escape(str(settings.corpus))}</p>'
        f'<p class="path">Models, index and conversations: {escape(str(settings.home))}</p></section></div>'
    )


def _render_model(settings: Settings, models: Iterable[InstalledModel] | None) -> str:
    if settings.llm_url:
        return (
            "<section><h3>Language model</h3>"
            f"<p>{escape(writer_name(settings))}, on the server at {escape(settings.llm_host)}.</p>"
            f"{_describe_reader(settings)}</section>"
        )
    if models is None:
        line = "It holds for everybody, and is changed on the computer that runs this page."
        return (
            f"<section><h3>Language model</h3><p>{escape(writer_name(settings))}.</p>"
            f'<p class="quiet">{line}</p></section>'
        )
    chat = [one for one in models if one.model.role == "chat"]
    names = {one.model.name for one in chat}
    sure = "Change the language model? One that is not here is fetched first; until then the present one answers."
    own = "" if settings.model in names else f"<option selected>{escape(settings.model)}</option>"
    options = own + "".join(
        f'<option value="{escape(one.model.name)}"{" selected" if one.model.name == settings.model else ""}>'
        f"{escape(_describe_model(one))}</option>"
        for one in chat
    )
    return (
        '<section><h3><label for="model">Language model</label></h3>'
        f'<select id="model"{render_data(change="use", field="model", sure=sure, verb="Change")}>{options}</select>'
        '<p class="quiet">A larger one words answers better and is slower.</p>'
        f"{_describe_reader(settings)}</section>"
    )


def _describe_reader(settings: Settings) -> str:
    """Which model checks; nothing if no reader does, since the status then says what is lost."""
    name = escape(checker_name(settings))
    checked = f"Whatever words the answers, they are checked by {name}."
    return "" if settings.reader == NO_READER else f'<p class="quiet">{checked}</p>'


def _describe_model(one: InstalledModel) -> str:
    where = "here" if one.here else "to be fetched"
    large = ", too large for this computer" if one.fits is False else ""
    return f"{one.model.name} ({one.model.bytes / 1e9:.1f} GB, {where}{large})"


def _render_lengths(length: Length) -> str:
    rows = (("short", "Short"), ("normal", "Normal"), ("long", "Long"))
    return _render_radios("Length of answers", "length", rows, length, "change", "use")


def _render_sizes() -> str:
    """The choice of a text size; `page.js` selects the one that the browser remembers."""
    rows = (("100", "Normal"), ("125", "Large"), ("150", "Larger"), ("200", "Largest"))
    return _render_radios("Size of the text", "size", rows, "100", "size", "1")


def _render_radios(title: str, name: str, rows: Sequence[tuple[str, str]], checked: str, act: str, value: str) -> str:
    """A group of radio buttons, one for each (value, text); `act` and `value` are the data attribute of each."""
    radios = "".join(
        f'<label><input type="radio" name="{name}" value="{key}"{" checked" if key == checked else ""}'
        f"{render_data(**{act: value, 'field': name})}> {text}</label>"
        for key, text in rows
    )
    return f'<fieldset class="radios"><legend>{title}</legend>{radios}</fieldset>'


def _render_conversations(settings: Settings, kept: int) -> str:
    """Export, import and deletion of conversations."""
    sure = f"Delete all {kept} conversations for good? Your plan stays."
    delete = {"do": "delete-all", "sure": sure, "verb": "Delete all"}
    return (
        '<section><h3>Your conversations</h3><div class="after">'
        + render_button("This one as Markdown", "tool", "", "export-markdown", do="export", file="conversation.md")
        + render_button("This one as JSON", "tool", "", "export-json", do="export", file="conversation.json")
        + '<label class="tool file">Import JSON'
        '<input type="file" accept=".json,application/json" data-import="1"></label>'
        + (render_button("Delete all", "tool danger", "", "delete-all", **delete) if kept else "")
        + f'</div><p class="quiet">{kept} kept, on {name_computer(settings)} only.</p></section>'
    )
