"""The plan, as HTML: the next steps that the person keeps."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.history.plan import KeptStep
from ui.page.markup import escape, render_button, render_data, render_screen_top


def render_plan(steps: Sequence[KeptStep]) -> str:
    """All steps, each to be ticked, dated, annotated or taken out, and the exports."""
    top = render_screen_top("My plan")
    if not steps:
        return f'{top}<p class="quiet">Next steps that you keep stand here, with room for a note and a date.</p>'
    export = render_button("As Markdown", "tool", "", "plan-markdown", do="export", file="plan.md")
    export += render_button("As calendar file", "tool", "", "plan-calendar", do="export", file="plan.ics")
    return f'{top}<ul class="plan">{"".join(map(_render_step, steps))}</ul><div class="after">{export}</div>'


def _render_step(step: KeptStep) -> str:
    sent = {"change": "step", "id": step.id}
    due = step.due.isoformat() if step.due else ""
    text, name = escape(step.text), f"done-{step.id}"
    where = f"Where the guide says so: {step.passage.heading}"
    drop = {"do": "drop", "id": step.id, "sure": "Take this step out of your plan?", "verb": "Take out"}
    return (
        f'<li><div class="step-top"><input type="checkbox" id="{name}"{" checked" if step.done else ""}'
        f'{render_data(field="done", **sent)}><label for="{name}" dir="auto">{text}</label>'
        f"{render_button('§', 'chip', where, f'kept-{step.id}', do='source', key=f'kept-{step.id}')}</div>"
        f'<div class="step-rest"><label>By <input type="date" value="{due}"{render_data(field="due", **sent)} '
        f'aria-label="By when: {text}"></label>'
        f'<textarea rows="1" dir="auto" maxlength="2000" placeholder="A note …" aria-label="Note: {text}"'
        f"{render_data(field='note', **sent)}>{escape(step.note)}</textarea>"
        f"{render_button('×', 'icon', f'Take out: {step.text}', f'drop-{step.id}', **drop)}</div></li>"
    )
