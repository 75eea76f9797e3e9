#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""yaml_page.py [--check] [ROOT]: writes the manual page docs/man/protohost.yaml.5 from docs/configuration.md.

With --check it writes nothing, and fails when the page is not what it would write.
"""
import pathlib
import re
import sys

SOURCE, PAGE = "docs/configuration.md", "docs/man/protohost.yaml.5"

HEAD = r"""
.\" SPDX-License-Identifier: MIT
.\" Made by tests/docs/yaml_page.py from docs/configuration.md: change that one.
.Dd November 27, 2026
.Dt PROTOHOST.YAML 5
.Os
.Sh NAME
.Nm protohost.yaml
.Nd configuration of protohostd
.Sh DESCRIPTION
""".lstrip()

TAIL = r"""
.Sh FILES
.Bl -tag -width Ds
.It Pa /etc/protohost/protohost.yaml
The configuration.
.It Pa /etc/protohost/conf.d/*.yaml
What belongs to it.
.It Pa /etc/protohost/tls
A place for certificates and keys, which the group
.Li protohost
may read and nobody else.
.It Pa /usr/share/protohost/protohost.schema.json
The JSON Schema, without the options of plugins.
.It Pa /usr/share/doc/protohost/examples
Definitions to begin with.
.El
.Sh SEE ALSO
.Xr protohostctl 1 ,
.Xr protohost-plugin 7 ,
.Xr protohostd 8
""".lstrip()


def escaped(text):
    """One word or line of roff that means these characters and nothing else."""
    return text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq") if text else "\\&"


def argument(text):
    """An argument of a macro, which is not taken for the name of another or for punctuation."""
    text = escaped(text).replace('"', "\\(dq")
    if len(text) <= 3 and (text.isalpha() or not text.isalnum()):
        text = "\\&" + text
    return f'"{text}"' if " " in text else text


def plain(text):
    """Links to what stands behind them, and no emphasis."""
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"\*([^*`]+)\*", r"\1", text).replace("\\|", "|")


def running(text):
    """Lines of a paragraph: each code span is a macro with the punctuation that clings to it."""
    pieces, lines = re.split(r"(`[^`]+`)", plain(text)), []
    glued = ""
    for index, piece in enumerate(pieces):
        if piece.startswith("`"):
            following = pieces[index + 1] if index + 1 < len(pieces) else ""
            closing = re.match(r"[.,:;)?!]*(?=\s|$)", following) or re.match("", "")
            pieces[index + 1:index + 2] = [following[closing.end():]] if index + 1 < len(pieces) else []
            joined = pieces[index + 1][:1] if index + 1 < len(pieces) else ""
            line = f".{f'Pf {argument(glued)} ' if glued else ''}Ql {argument(piece[1:-1])}"
            line += "".join(f" {mark}" for mark in closing.group())
            lines.append(line + (" Ns" if joined.strip() else ""))
            glued = ""
            continue
        if index + 1 < len(pieces) and (clinging := re.search(r"\S+$", piece)):
            glued, piece = clinging.group(), piece[:clinging.start()]
        words = " ".join(piece.split())
        for sentence in re.split(r"(?<=[.:;]) ", words):
            if sentence:
                lines.append(("\\&" if sentence[0] in ".'" else "") + escaped(sentence))
    return lines


def cells(row):
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", row.strip().strip("|"))]


def matrix(head, rows):
    """Short cells side by side."""
    lines = [".Bl -column " + " ".join('"socket.local, beside a connect that is no fd:N"' if i == 0 else '"not port 0"' for i in range(len(head)))]
    for row in [head, *rows]:
        lines.append(".It " + " Ta ".join(argument(re.sub("`", "", plain(cell))) for cell in row))
    return [*lines, ".El"]


def table(head, rows):
    if head[0] == "key" and "tcp" in head:
        return matrix(head, rows)
    lines = [".Bl -tag -width Ds"]
    for row in rows:
        named = dict(zip(head, row))
        names = re.findall("`([^`]+)`", row[0]) or [row[0]]
        lines.append(".It " + " , ".join(f"Ic {argument(name)}" for name in names))
        if head[0] == "key":
            facts = f"{named['kind']}."
            if named["default"] == "required":
                facts += " Required."
            elif named["default"] != "-":
                facts += f" Default: {named['default']}."
            if "for" in named:
                facts += f" For: {named['for']}."
            lines += running(facts[0].upper() + facts[1:]) + [".Pp"]
        lines += running(row[-1])
    return [*lines, ".El"]


def converted(source):
    """The body: headings, paragraphs, lists, tables and blocks of code."""
    lines, out = iter(source.splitlines()), []
    paragraph, kept, items = [], [], []

    def flush():
        if paragraph:
            if out and not re.match(r"\.(Sh|Ss|Pp)", out[-1]):
                out.append(".Pp")
            out.extend(running(" ".join(paragraph)))
        if kept:
            head, _, *rows = [cells(row) for row in kept]
            out.extend(table(head, rows))
        if items:
            out.append(".Bl -bullet")
            for item in items:
                out.extend([".It", *running(item)])
            out.append(".El")
        for each in (paragraph, kept, items):
            each.clear()

    for line in lines:
        if line.startswith("```"):
            flush()
            out.append(".Bd -literal -offset indent")
            for code in iter(lambda: next(lines), "```"):
                out.append(("\\&" if code[:1] in (".", "'") else "") + escaped(code) if code else "")
            out.append(".Ed")
        elif heading := re.match(r"(#+) (.*)", line):
            flush()
            if heading.group(1) != "#":
                section = heading.group(1) == "##"
                title = " ".join(argument(word) for word in plain(heading.group(2)).split())
                out.append(f".Sh {title.upper()}" if section else f".Ss {title}")
        elif line.startswith("|"):
            if not kept:
                flush()
            kept.append(line)
        elif line.startswith("- "):
            if not items:
                flush()
            items.append(line[2:])
        elif line.startswith("  ") and items:
            items[-1] += " " + line.strip()
        elif line:
            if kept or items:
                flush()
            paragraph.append(line)
        elif not items:
            flush()
    flush()
    return out


def page(root):
    body = converted((root / SOURCE).read_text())
    return HEAD + "\n".join(body) + "\n" + TAIL


def main():
    arguments = [each for each in sys.argv[1:] if each != "--check"]
    root = pathlib.Path(arguments[0] if arguments else pathlib.Path(__file__).parents[2])
    made, kept = page(root), root / PAGE
    if "--check" not in sys.argv:
        kept.write_text(made)
    elif not kept.exists() or kept.read_text() != made:
        sys.exit(f"{PAGE} is not what tests/docs/yaml_page.py makes of {SOURCE}: run it")


if __name__ == "__main__":
    main()
