"""Texts without the secrets that they quote.

Law: the time is linear in the length of the text, whatever the text is: it is foreign, and a pattern that
backtracks would stop the scheduler. So quantifiers of single characters are possessive (those of groups are
wrong before Python 3.11.5: CPython's issue 106052), each search begins where the last one ended, and looking
back or ahead is bounded. `tests/core/redact/test_text.py` checks this.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import cast

from aws_executors.core.redact.names import sensitive

MASK = "***"

Span = tuple[int, int]
"""Where a secret begins and ends."""

# A name, and the sign that what follows it is its value: `"name": `, `name=`, `name: `, `--name `, also in
# lines of a list; `name := ` and `["name"] = "` of code; `ENV name `, `setx name ` and the password of a
# netrc; the name as the text beside that of `value`; or the two as a pair of texts. Each quote may be
# escaped, any number of times; the sign may be escaped as in an address, `%3D` and `%22%3A`. In code and in a
# comparison only a text in quotes is a value: the rest of a line of code, or of a sentence, is none. A word
# that none of this follows, as nearly every word, is passed over at once.
_QUOTED = r"""=(?=[ \t]*+(?:[bBrRuUfF]{0,2}+\\*+["']|`))"""
_GAP = r"(?:\s++|\\{1,8}+n[ \t]*+)"
_SAID = r"""(?:[=:]|(?:missing|unset|undefined|required|empty|invalid|incorrect|wrong|expired|ignored|failed)
  (?:[\s.,;:!)]|\Z))"""
_NAMED = re.compile(
    r"""(?<![A-Za-z0-9_.-])
        (?: (?=[-ABEbdms])
            (?: (?P<flag> --[A-Za-z0-9_.-]++ | [Bb]earer
                  | (?: set(?:x|env) [ \t]++ (?: /[A-Za-z] [ \t]++ )? \w++
                      | (?: machine GAP [^\s"'\\:]{1,256}+ | default )
                        (?: GAP (?: login | account ) GAP [^\s"'\\:]{1,256}+ ){1,2} GAP password
                      | machine GAP (?=[^\s"'\\:.]{1,64}+\.) [^\s"'\\:]{1,256}+ GAP password )
                    (?=[ \t]++(?!SAID)) ) [ \t]++ (?!\n)
              | (?<![a-z][ ]) (?: ENV | ARG ) [ \t]++ (?P<variable>\w++) [ \t]++ (?!\n|SAID)
              | (?P<argument> --[A-Za-z0-9_.-]++ ) [ \t]*+ \r?+\n [ \t]*+ (?: -[ \t]++ )? (?!-) )
          | (?P<name>[A-Za-z0-9_.-]++) (?=[ \t]*+[\s=:,+?%"'\\\]}])
        (?: (?P<pair> (?: (?:\\*+["'])? (?: \s*+ , | [ \t]*+ \n ) \s*+ | \\*+["'] \s++ )
                (?:\\*+["'])? [Vv]alue (?:\\*+["'])? \s*+ [:=] \s*+ )
          | (?P<item> \\*+["'] (?: , \s*+ | [ \t]*+ \r?+\n [ \t]*+ -[ \t]++ ) (?=\\*+["']) )
          | (?P<close> "" | \\*+["'] (?: \] (?=[ \t]*+ (?: [+=]{0,2}QUOTED | :[ \t]*+\\*+["'] )) )?
              | \] (?==[^\s=]) | \} (?=[ \t]*+QUOTED) | %2[27] )? \s*+
              (?P<sign> : (?!=) (?: [ \t]*+ str(?:ing)? [ \t]*+ QUOTED )? | = (?![=>]) | =>
                | =?=QUOTED | = (?!=++(?:\s|\Z)) | [:+?]QUOTED | [:+?]=(?=\S)
                | [:?]= (?=[ \t]++ [^\s"'(\[]++ [ \t]*+ (?:\n|\Z)) | %3[Dd] | (?<=%2[27])%3[Aa] )
              (?P<gap>\s*+) ) )""".replace("QUOTED", _QUOTED)
    .replace("GAP", _GAP)
    .replace("SAID", _SAID),
    re.VERBOSE,
)
_OTHERS = ("flag", "argument", "variable")
_PROMPTED = re.compile(r"[\n>@&|(][ \t]*+(?:set|SET)[ \t]++\Z")
_REST = re.compile(r"""[^\n&|"']++""")
"""What stands before an assignment by ``set`` of Windows, and its value, which may contain blanks."""
_SET = re.compile(r"""(?:\bset|\bexport|env|-e)["'\\,=\s]{1,8}(?<=["'])\Z""", re.IGNORECASE)
"""What stands before an assignment that is one text: ``set "name=value"`` of Windows, ``-e "name=value"``."""
# One quote, or three; or the backtick of Go, JavaScript and shells, if it is closed on the same line.
_OPENED = re.compile(
    r"""(?:[bBrRuUfF]{1,2}+(?=\\*+["']))?"""
    r"""(?P<quote>(?P<one>\\*+["'])(?:(?P=one){2})?|`(?=[^\s`"',;:.)][^`\n]{0,500}+`))"""
)
_BARE = re.compile(r"""(?:[^\s"'\\]++|\\(?![nrt"'])|["'](?![\s,;:)\]}]|\Z))+""")
_LISTED = re.compile(r"""[^;"'\\\n]++""")
_SCHEME = re.compile(
    r"(?:bearer|basic|digest|negotiate|token|apikey|\$\(echo)[ \t]++|<<<[ \t]*+", re.IGNORECASE
)
"""What stands before a value, and is no part of it."""
_HEREDOC = re.compile(
    r"""(?:\\*+["'])? (?: \$\([ \t]*+ cat [ \t]++ )? <<[-~<]? [ \t]*+ \\*+["']? (?P<tag>[A-Za-z_]\w{0,63}+)
        (?:\\*+["'])? [^\n\\]{0,80}+ (?: \n | \\{1,8}+n )
        (?P<body> [^\n\\]{0,4000}+ (?: [\n\\] [^\n\\]{0,4000}+ ){0,100}? )
        (?: \n | \\{1,8}+n ) [ \t]{0,64}+ (?P=tag) (?!\w)""",
    re.VERBOSE,
)
"""A here-document of a shell, HCL or PHP: the lines down to the word that the first one names."""
_PLAIN = re.compile(r"(?:null|none|true|false)\b", re.IGNORECASE)
_NUMBER = re.compile(r"-?[0-9.]++(?![^\s,;)\]}])")
_ENDS = {quote: re.compile(rf"(?<!\\)\\*+{quote}|\n") for quote in "\"'`"}
_ENDS_DOUBLED = re.compile(r"""(?<!\\)""|\n""")
_ESCAPED = re.compile(r"(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[nrtbfv])(?=.)")
_NAMED_AFTER = re.compile(
    r"""\s*+,\s*+(?:\\*+["'])?(?:[Nn]ame|[Kk]ey)(?:\\*+["'])?\s*+[:=]\s*+(?:\\*+["'])?"""
    r"""(?P<name>[A-Za-z0-9_.-]{1,256}+)"""
)
_BEFORE = 256
"""How many characters before a name are searched for the quote that opens an address."""
_LONGEST = 4_000
"""How many characters of a value of several lines are searched for its end."""
_AHEAD = 2_000
"""How many characters are searched for a value and the name behind it."""

# An element of XML, in which STS answers with credentials; an unclosed element is a word of a sentence.
_ELEMENT = re.compile(
    r"<(?P<name>[A-Za-z0-9_.:-]++)(?:\s[^<>]*+)?>(?P<value>[^<]++)(?=</)"
    r"|&lt;(?P<escaped>[A-Za-z0-9_.:-]++)&gt;(?P<inside>[^&<]++)(?=&lt;/)"
)

_STRONG = frozenset({"password", "passwd", "passphrase", "pwd", "authorization", "apikey"})
"""Names that have a secret value even in a sentence: ``password: x``, but not ``credentials: x``."""
_CAMEL = re.compile(r"[a-z]+[A-Z]")
_ALONE = re.compile(
    r"""[bBrRuUfF]{0,2}+\\*+["']|\[|(?!["'\\])[^\s"'\\]++(?<![:])(?:(?<=[,;)\]}])|(?![ \t]++[^\s#])"""
    r"""|(?=[ \t]++(?!value:)[A-Za-z0-9_.-]{1,64}+:[ \t]))"""
)
"""A value that is quoted, listed, or a single word: another word behind it, unless it is the name of another
value, would make it a sentence."""
_COOKIES = re.compile(r"""(?=[^\s=;"'\\]{1,256}+=)(?:[^\n"'\\]++|\\(?![nr"'])|(?<==)"[^"\n\\]*+")+""")
"""The value of a header with cookies; without an equals sign it is a sentence."""
_BLOCK = re.compile(r"[|>][-+0-9]{0,2}+[ \t]*+(?:#[^\n]{0,1000}+)?\r?+\n")
"""What announces in YAML that the text is on the next lines."""
_INDENT = re.compile(r"[ \t]*+")
_WIDEST = 200
"""The columns within which the name of a YAML block may begin."""
_PAIRED = re.compile(r"""(?<![A-Za-z0-9_])[Nn]ame:[ \t]++["']?+:\Z|=\\*+["']=\Z""")
"""What stands before a name whose value is on the next line of YAML, or in the next attribute of XML."""

# Secret by their beginnings: access keys of AWS, tokens of GitHub, Docker Hub, GitLab, Slack, Stripe, Google,
# Databricks, Hugging Face, OpenAI and Anthropic.
_SHAPES = re.compile(
    r"(?<![A-Za-z0-9])(?:(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])|gh[opsur]_[A-Za-z0-9]{20,}+"
    r"|github_pat_\w{20,}+|dckr_[op]at_[\w-]{20,}+|glpat-[\w-]{20,}+"
    r"|xox[abeprs]-[\w-]{10,}+|[rs]k_(?:live|test)_\w{10,}+"
    r"|AIza[\w-]{35}|dapi[0-9a-f]{32}|hf_[A-Za-z0-9]{30,}+"
    r"|sk-(?:(?:proj|svcacct|admin|ant-[a-z0-9]++)-"
    r"(?=[\w-]{0,64}[A-Z])(?=[\w-]{0,64}[0-9])[\w-]{20,}+|[A-Za-z0-9]{32,}+))"
)
_RUN = re.compile(r"[A-Za-z0-9_.-]*+")

# The end of a private key, and what stands between its lines, which may be indented, or escaped.
_KEY_ENDS = re.compile(r"-----END [A-Z0-9 ]{0,32}PRIVATE KEY")
_BROKEN = re.compile(r"(?:\r?\n[ \t]{0,32}|(?:\\{1,8}r)?\\{1,8}n)\Z")
_EDGE = re.compile(r"""(?:\n[ \t]{0,32}|\\n|["'])\Z""")
_BREAK = 48
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_SHORTEST_LINE, _LONGEST_LINE = 40, 128

# Commands with a password: right behind `-p` (of sshpass, also in the next word), or behind the colon of
# curl's `-u`. A command that is a list of texts goes to the end of the list, one in a line of a shell to the
# end of the command; `&b=` and `; b=` in curl's addresses and headers do not end it, another member of a
# structure does.
_COMMAND_WORDS = re.compile(
    r"""(?<![A-Za-z0-9_.-]) (?P<command> curl | mycli | sshpass | (?:mysql|mariadb)
          (?: [_-]?(?:admin|backup|binlog|check|dump|import|pump|show|sh|slap|upgrade) )? (?:\.exe)? )
          (?=[\s"'\\]) (?P<listed> \\*+["'], )?
      | (?P<inner> & (?=[^\s&]) | ; (?= \s*+ [A-Za-z0-9_-]{1,64}+ = ) )
      | (?P<line> [;|&] | (?<![,\\])\n | (?<!\\)\\{1,2}n ) | (?P<list> ["']\s*+,?\s*+[\])] )
      | (?P<member> ["']\s*+: | (?<=[,\s])[A-Za-z_]++=[("'\[] )
      | (?<=[\s"']) (?P<flag> -p )
      | (?<=[\s"']) (?P<user> (?: -u [ \t=]*+ | --user (?: [ \t]++ | = ) | (?: -u | --user ) \\*+["'], \s*+ )
          (?P<quote> \\*+["'] )? [^\s:"'\\]++ : (?! // | : ) )""",
    re.VERBOSE,
)
_WITH_PASSWORDS = ("mysql", "mariadb", "mycli", "sshpass", "curl")
_ENDED = re.compile(r"[\s,;:)\]}]|\Z")
_NEXT_WORD = re.compile(r"""[ \t]++|\\*+["'],\s*+(?=\\*+["'])""")
_ADDRESS = re.compile(r"""[^\s"'<>\\]*+""")
_PORT = re.compile(r":[0-9]*+(?:[/?#]|\Z)")


def mask(text: str) -> str:
    r"""The text without its secrets, each of which becomes ``***``.

    Secrets are tokens (JWT) and keys that are known by their shape, private keys in PEM, what stands before
    the host of an address and behind the host of a webhook, what pydantic found (``input_value=``), and the
    value of every name that is `sensitive`, however it is written. Never raises; the time is linear in the
    length of the text; masking twice changes nothing more. Source: RFC 7519 section 3; the workload's JSON as
    written by ``airflow/executors/workloads/base.py`` (``"token": "<JWT>"``).

    >>> mask('run --json-string {"token":"eyJhbGciOi.eyJzdWIi.c2ln","ti":{"task_id":"load"}}')
    'run --json-string {"token":"***","ti":{"task_id":"load"}}'
    >>> mask("Authorization: Bearer eyJhbGciOi.eyJzdWIi.c2ln refused")
    'Authorization: Bearer *** refused'
    >>> mask('"{\\"token\\": \\"abc\\", \\"a\\": 1}"')
    '"{\\"token\\": \\"***\\", \\"a\\": 1}"'
    >>> mask("DB_PWD=abc psql postgresql://etl:abc@db/etl; mysql -u root -pabc etl; mkdir -p abc")
    'DB_PWD=*** psql postgresql://***@db/etl; mysql -u root -p*** etl; mkdir -p abc'
    """
    for find in FINDERS:
        text = replaced(text, find)
    return text


def replaced(text: str, find: Callable[[str], Iterator[Span]]) -> str:
    parts: list[str] = []
    done = 0
    for begin, end in find(text):
        parts += [text[done:begin], MASK]
        done = end
    return "".join([*parts, text[done:]]) if parts else text


# --- By their names ----------------------------------------------------------------------------------------


def _named(text: str) -> Iterator[Span]:
    at = 0
    while found := _NAMED.search(text, at):
        span = _value_of(text, found)
        if span is None:
            at = found.end("name") if found["name"] else max(map(found.end, _OTHERS))
        else:
            yield span
            at = span[1]


def _value_of(text: str, found: re.Match[str]) -> Span | None:
    """Where the value of a name begins and ends; None if there is no value, or it is no secret."""
    begin, whole = found.end(), cast("str | None", found["name"])
    if whole is None:
        flag, other, variable = cast("tuple[str | None, ...]", found.group("flag", "argument", "variable"))
        alone = flag or _ALONE.match(text, begin)
        return _flagged(flag or other or variable or "", text, begin) if alone else None
    name, before = whole[-256:], text[max(0, found.start() - 16) : found.start()]
    if name in ("value", "Value") and found["sign"]:
        return _named_later(text, begin)
    escaped = _ESCAPED.match(name) if before.endswith("\\") else None
    if name == "tokens" or not (sensitive(name) or (escaped and sensitive(name[escaped.end() :]))):
        return None  # nearly always
    parts = cast("Mapping[str, str | None]", found.groupdict())
    colon = parts["sign"] == ":"
    if parts["close"] == '""':
        return _doubled(text, begin)
    if parts["item"]:
        pair = before.rstrip("\\\"'").endswith("(") or name.startswith("--")
        return _value(text, begin) if pair else None
    if parts["pair"] and "," not in parts["pair"] and not _PAIRED.search(before + parts["pair"].rstrip()[-1]):
        return None
    if colon and _at_an_end(text, found.start(), name, closed=bool(parts["close"])):
        scheme = _SCHEME.match(text, begin)
        begin = scheme.end() if scheme else begin
        if _OPENED.match(text, begin) or text.startswith("[", begin):
            return _value(text, begin)
        return _flagged("", text, begin) if _ALONE.match(text, begin) else None
    if colon and (block := _BLOCK.match(text, begin)):
        return _block(text, found.start(), block.end())
    if colon and not parts["close"] and name.lower() in ("cookie", "set-cookie"):
        cookies = _COOKIES.match(text, begin)
        return cookies.span() if cookies else None
    sentence = colon and not parts["close"] and not _says(name, parts["gap"] or "")
    if sentence and not (parts["gap"] and _camel(name) and _ALONE.match(text, begin)):
        return None
    counts = "token" in name.lower() or (colon and name.lower().endswith("s"))
    if counts and _NUMBER.match(text, begin):
        return None
    assigned = parts["sign"] == "=" and not parts["gap"] and not _OPENED.match(text, begin)
    if assigned and _PROMPTED.search(before if found.start() > len(before) else "\n" + before):
        rest = _REST.match(text, begin)
        return (begin, begin + len(rest.group().rstrip())) if rest else None
    if assigned and _SET.search(before):
        quote = found.start() - 1
        opened = _OPENED.match(text, quote - _backslashes(text, quote))
        return (begin, _closing(text, opened, begin)) if opened else None
    listed = _LISTED.match(text, begin) if before.endswith(";") else None  # one of a connection string
    return listed.span() if listed else _value(text, begin)


def _doubled(text: str, begin: int) -> Span | None:
    """A text within a CSV field, in which each quote is doubled: ``""password"": ""x""``."""
    if not text.startswith('""', begin):
        return None
    end = _ENDS_DOUBLED.search(text, begin + 2)
    return begin + 2, (end.start() if end else len(text))


def _block(text: str, name: int, begin: int) -> Span | None:
    """The lines of YAML below a name that are indented further than the name."""
    farthest = max(0, name - _WIDEST)
    line = max(farthest, text.rfind("\n", farthest, name) + 1)
    before = text[line:name].rstrip("\"'\\")
    column = len(before) if not before.strip(" \t-?") else len(before) - len(before.lstrip())
    at, ends = begin, 0
    while at < len(text):
        indent = cast("re.Match[str]", _INDENT.match(text, at)).end()
        end = text.find("\n", indent)
        end = len(text) if end < 0 else end
        if text[indent:end].strip():
            if indent - at <= column:
                break
            begin, ends = (begin, end) if ends else (indent, end)
        at = end + 1
    return (begin, ends) if ends else None


def _flagged(flag: str, text: str, begin: int) -> Span | None:
    """What stands behind ``--password``, ``ENV DB_PASSWORD`` and the like, or ``Bearer``."""
    if flag and flag not in ("Bearer", "bearer"):
        return _value(text, begin) if sensitive(flag.split()[-1]) else None
    bare = _BARE.match(text, begin)
    found = bare.group().rstrip(")]},;.") if bare else ""
    odd = any(sign.isdigit() for sign in found) or len(found) >= 20  # else it is a word of a sentence
    return (begin, begin + len(found)) if len(found) >= 8 and odd else None


def _at_an_end(text: str, begin: int, name: str, *, closed: bool) -> bool:
    """Whether the name ends what failed (an address in quotes, a program, a file), and the reason follows.

    ``Get "https://host/token": dial tcp``, ``exec: "login-helper": not found``, ``/etc/passwd: no file``.
    """
    near = text[max(0, begin - _BEFORE) : begin]
    if not closed:
        return name == "passwd" and near.endswith("/etc/")
    opened = max(near.rfind(quote) for quote in "\"'")
    inside = near[opened + 1 :]
    program = opened >= 0 and not inside and near[:opened].rstrip("\\").endswith("exec: ")
    return program or (inside.endswith("/") and "://" in inside)


def _says(name: str, gap: str) -> bool:
    """Whether ``name: value`` gives a value, and is not a sentence about the name."""
    if name.rpartition(".")[2].lower() in _STRONG or name.lower().startswith("x-"):
        return True
    return gap != "" and ("_" in name or "-" in name.strip("-"))


def _camel(name: str) -> bool:
    last = name.rpartition(".")[2]
    return _CAMEL.match(last) is not None and sensitive(last)


def _value(text: str, begin: int) -> Span | None:
    if heredoc := _HEREDOC.match(text, begin):
        return heredoc.span("body")
    scheme = _SCHEME.match(text, begin)
    begin = scheme.end() if scheme else begin
    opened = _OPENED.match(text, begin)
    if opened:
        inner = _SCHEME.match(text, opened.end())
        begin = inner.end() if inner else opened.end()
        return begin, _closing(text, opened, opened.end())
    if text[begin : begin + 1] == "[":
        end = text.find("]", begin)
        return begin + 1, (len(text) if end < 0 else end)
    if text[begin : begin + 1] in ("{", "(") or _PLAIN.match(text, begin):
        return None
    bare = _BARE.match(text, begin)
    if bare is None:
        return None
    end = begin + len(bare.group().rstrip(")]},;."))
    return (begin, end) if end > begin else None


def _closing(text: str, opened: re.Match[str], begin: int) -> int:
    """Where a quoted value ends: at the quote that is escaped as often as the quote that opened it (three end
    three) or, if the text was cut, at the end of the line. A quote with ``k`` backslashes is closed by
    ``k``, also behind any number of escaped backslashes of the value; ``2k + 1`` make a quote within it."""
    quote, one = cast("str", opened["quote"]), cast("str | None", opened["one"])
    three = one is not None and quote != one
    at, least = begin, begin + _LONGEST
    while three and (at := text.find(quote, at, least)) >= 0:
        if text[at - 1] != "\\":
            return at
        at += 1
    escapes = len(one or quote) - 1
    for found in _ENDS[quote[-1]].finditer(text, begin):
        if found.group() == "\n":
            return found.start()
        own = len(found.group()) - 1
        if own < escapes:
            return found.start()
        if not three and own % (2 * (escapes + 1)) == escapes:
            return found.end() - len(quote)
    return len(text)


def _named_later(text: str, begin: int) -> Span | None:
    """A value whose name stands behind it: ``{"value": "x", "name": "DB_PASSWORD"}``."""
    near = text[begin : begin + _AHEAD]
    opened = _OPENED.match(near)
    if opened is None:
        return None
    end = _closing(near, opened, opened.end())
    after = _NAMED_AFTER.match(near, end + opened.end() - opened.start("quote"))
    named = cast("str", after["name"]) if after else ""
    return (begin + opened.end(), begin + end) if sensitive(named) else None


# --- By their shapes ---------------------------------------------------------------------------------------


def _found_by_pydantic(text: str) -> Iterator[Span]:
    at = 0
    while (at := text.find("input_value=", at)) >= 0:
        begin = at + len("input_value=")
        line = text.find("\n", begin)
        end = text.find(", input_type=", begin, line if line >= 0 else len(text))
        at = end if end >= 0 else line if line >= 0 else len(text)
        yield begin, at


def _private_keys(text: str) -> Iterator[Span]:
    at = 0
    while (at := text.find("-----BEGIN ", at)) >= 0:
        at += len("-----BEGIN ")
        head = text.find("-----", at, at + 64)
        if head >= 0 and "PRIVATE KEY" in text[at:head]:
            end = text.find("-----END", head)
            at = len(text) if end < 0 else end
            yield head + 5, at


def _ends_of_keys(text: str) -> Iterator[Span]:
    """The lines before the end of a private key whose beginning was cut off; each is looked at once."""
    least = 0
    for found in _KEY_ENDS.finditer(text):
        begin, end = _lines_before(text, least, found.start())
        least = found.end()
        if end > begin:
            yield begin, end


def _lines_before(text: str, least: int, until: int) -> Span:
    """Lines of base64 of one length, except the last one, and the first one if the text begins with it;
    nothing if none of them is as long as a line of a key."""
    at, end, length, sure = until, until, 0, False
    while broken := _BROKEN.search(text, max(least, at - _BREAK), at):
        stop = broken.start()
        near = text[max(least, stop - _LONGEST_LINE) : stop]
        size = len(near) - len(near.rstrip(_BASE64))
        if size and near[: len(near) - size].endswith("\\"):
            size -= 1  # an `n` that belongs to the escaped break before the line
        begin = stop - size
        first = begin <= _BREAK and not text[:begin].strip()
        last = at == until
        whole = size == length if length else size >= _SHORTEST_LINE
        if (
            not size
            or not (whole or last or first)
            or not (first or _EDGE.search(text, begin - _BREAK, begin))
        ):
            break
        length = length if last else length or size
        at, end, sure = begin, stop if last else end, sure or whole or first
        if first:
            break
    return (at, end) if sure else (until, until)


def _tokens(text: str) -> Iterator[Span]:
    """Header, payload and, unless the text was cut short, signature: base64url; the header opens by `{"`."""
    at = 0
    while (at := text.find("eyJ", at)) >= 0:
        begin, run = at, _RUN.match(text, at)
        whole = run.group().rstrip(".") if run else ""
        at += max(3, len(whole))
        head, _, rest = whole.partition(".")
        if rest and len(head) > 3:
            yield begin, begin + len(whole)


def _shapes(text: str) -> Iterator[Span]:
    yield from (found.span() for found in _SHAPES.finditer(text))


def _in_addresses(text: str) -> Iterator[Span]:
    """User and password before a host; the path of a webhook, which is all that it takes to use one."""
    at = 0
    while (at := text.find("://", at)) >= 0:
        begin = at + 3
        found = _ADDRESS.match(text, begin)
        address = found.group() if found else ""
        at = begin + len(address)
        host, slash, _ = address.partition("/")
        colon = address.find(":", 0, len(host))
        # A password that was not escaped may hold any character: it goes to the last @.
        whole = colon >= 0 and not _PORT.match(address, colon)
        end = address.rfind("@") if whole else host.rfind("@")
        if end >= 0:
            yield begin, begin + end
        elif slash and "hook" in address.lower():
            yield begin + len(host) + 1, at


def _of_commands(text: str) -> Iterator[Span]:
    """The password of ``mysql -phunter2`` and ``curl -u etl:hunter2``: ``mkdir -p`` has none."""
    if ("-p" not in text and "-u" not in text) or not any(name in text for name in _WITH_PASSWORDS):
        return  # nearly always; the search below takes as long as all other searches together
    command, listed, at = "", False, 0
    while found := _COMMAND_WORDS.search(text, at):
        at = found.end()
        parts = cast("Mapping[str, str | None]", found.groupdict())
        if parts["command"]:
            command, listed = parts["command"], parts["listed"] is not None
        elif parts["list"] or parts["member" if listed else "line"]:
            command = ""
        elif parts["inner"]:
            command = command if listed or command == "curl" else ""
        elif parts["user"] and command == "curl":
            begin, end = _of_user(text, found)
            at = end
            if end > begin and not text[begin:end].isdecimal():  # a number is the group of a user
                yield begin, end
        elif parts["flag"] and command not in ("", "curl"):
            span = _behind_flag(text, found.start(), apart=command == "sshpass")
            if span is not None:
                yield span
                command, at = "", max(at, span[1])


def _of_user(text: str, found: re.Match[str]) -> Span:
    begin, quote = found.end(), found.start("quote")
    opened, bare = _OPENED.match(text, max(quote, 0)), _BARE.match(text, begin)
    if quote >= 0 and opened:
        return begin, _closing(text, opened, begin)
    return begin, begin + (len(bare.group().rstrip(")]},;")) if bare else 0)


def _behind_flag(text: str, at: int, *, apart: bool) -> Span | None:
    begin = at + 2
    word = _NEXT_WORD.match(text, begin) if apart else None
    if word is None and text[at - 1] in "\"'":  # the flag begins a text, which is the password to its end
        opened = _OPENED.match(text, at - 1 - _backslashes(text, at - 1))
        end = _closing(text, opened, begin) if opened else begin
        return (begin, end) if end > begin else None
    begin = word.end() if word else begin
    opened, bare = _OPENED.match(text, begin), _BARE.match(text, begin)
    if opened and (word or not _ENDED.match(text, opened.end())):
        return opened.end(), _closing(text, opened, opened.end())
    end = begin + len(bare.group().rstrip(")]},;")) if bare else begin
    return (begin, end) if end > begin else None


def _backslashes(text: str, at: int) -> int:
    """How many backslashes stand before `at`; of more than sixteen, sixteen."""
    near = text[max(0, at - 16) : at]
    return len(near) - len(near.rstrip("\\"))


def _elements(text: str) -> Iterator[Span]:
    for found in _ELEMENT.finditer(text):
        parts = cast("Mapping[str, str | None]", found.groupdict())
        name = parts["name"] or parts["escaped"] or ""
        if sensitive(name.rpartition(":")[2][-256:]):
            yield found.span("value" if parts["name"] else "inside")


FINDERS = (
    _found_by_pydantic,
    _private_keys,
    _ends_of_keys,
    _elements,
    _named,
    _of_commands,
    _tokens,
    _shapes,
    _in_addresses,
)
