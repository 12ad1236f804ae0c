"""All changes made to libraries at run time. tests/core/test_patches.py names the version that each
change fits."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup
from wtforms.widgets import Input, Select

from core.forms import NOTHING, attributes

_render_option = Select.render_option.__func__


def _option(cls: type[Select], choice: Any, **attrs: Any) -> Markup:
    """WTForms writes an option without text, which is invalid HTML and is read aloud as nothing."""
    rendered: Markup = _render_option(
        cls, choice._replace(label=choice.label or choice.value or NOTHING), **attrs
    )
    return rendered


def apply() -> None:
    """Repeating it changes nothing."""
    Select.render_option = classmethod(_option)
    #: WTForms formats each attribute through `Markup.format`: a quarter of the time of a page with
    #: a form.
    Input.html_params = staticmethod(attributes)
