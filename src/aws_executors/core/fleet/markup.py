"""HTML out of texts, each of which is escaped unless it was made here.

Law: there is one way to make markup, and it escapes; what is not `Html` by type is a text from somewhere. A
link leads to a page of http, or to one beside this page, or it is none.
"""

from html import escape


class Html(str):
    """A text that is markup already."""

    __slots__ = ()


VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})
"""Elements that have no end."""


def element(name: str, /, *inside: str, **attributes: str) -> Html:
    """One element; of what is inside, texts are escaped. Attributes that are empty are left out.

    A trailing underscore of an attribute's name is dropped (``class_``), another one is a hyphen.

    >>> element("td", "<script>", class_="name", data_age="4")
    '<td class="name" data-age="4">&lt;script&gt;</td>'
    >>> element("p", element("b", "bold"), " & plain")
    '<p><b>bold</b> &amp; plain</p>'
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value
    )
    if name in VOID:
        return Html(f"<{name}{given}>")
    return Html(f"<{name}{given}>{joined(*inside)}</{name}>")


def joined(*parts: str) -> Html:
    """Several parts, one behind the other; texts are escaped.

    >>> joined("a < b", Html("<br>"))
    'a &lt; b<br>'
    """
    return Html("".join(part if isinstance(part, Html) else escape(part) for part in parts))


def link(text: str, address: str, **attributes: str) -> Html:
    """A link; the text alone where there is no address, or one that is no page.

    >>> link("load", "../dags/etl"), link("no", "javascript:alert(1)")
    ('<a href="../dags/etl">load</a>', 'no')
    """
    if not address.startswith(("https://", "http://", "../")):
        return joined(text)
    return element("a", text, href=address, **attributes)
