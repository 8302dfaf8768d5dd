"""What a page tells its reader to run: commands, and blocks of Python."""

import re
from dataclasses import dataclass

# Commands are recognised by their first word where other things may stand in their place: in the text, and in fences
# without a language.
PROGRAM = re.compile(r"!?(mrcnn|python3?|py|pip|make|docker|kubectl|ray|curl|npm|git|nuctl|cvat-cli)\s")
SHELLS = {"bash", "sh", "shell", "console"}
FENCE = re.compile(r"( *(?:(?:[-*+]|\d+\.) +)?)(`{3,}|~{3,}) *([\w-]*).*")  # also as an item of a list
SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")


@dataclass(frozen=True)
class Step:
    """A command as a reader copies it, or a block of Python. line: where it begins on the page, from 1."""

    line: int
    text: str
    is_python: bool = False


def steps(page):
    """The Steps of a page in Markdown, in its order.

    Commands are the lines of indented blocks and of fences of a shell, and what is set as code in the text if it is
    whole: `mrcnn train` and `mrcnn detect --suggest` name a command and an option, `mrcnn detect RUN photos/` is one.
    """
    found, prose, block, fence, before = [], [], [], None, ""
    for number, line in enumerate([*page.splitlines(), ""], start=1):
        edge = FENCE.fullmatch(line)
        if fence:
            if line.strip() == fence[2]:
                found += _of_fence(fence[3], block)
                fence, block = None, []
            else:
                block.append((number, line.removeprefix(" " * len(fence[1]))))
        elif edge:
            fence = edge
        elif line.startswith("    ") and (block or not before.strip()):
            block.append((number, line))
        else:
            found += _commands(block)
            block = []
            prose.append((number, line))
        before = line
    return sorted([*found, *_inline(prose)], key=lambda step: step.line)


def _of_fence(language, block):
    if language == "python":
        return [Step(block[0][0], "\n".join(line for _, line in block) + "\n", is_python=True)]
    if language in SHELLS:
        return _commands(block)
    return [] if language else _commands([pair for pair in block if PROGRAM.match(pair[1])])


def _commands(block):
    """The commands in lines [(number, line)]; those that end in a backslash go on in the next one."""
    commands, begun = [], None
    for number, line in block:
        text = line.strip().removeprefix("$ ")
        if begun:
            number, text = begun.line, f"{begun.text} {text}"
        begun = Step(number, text[:-1].rstrip()) if text.endswith("\\") else None
        if not begun and text and not text.startswith("#"):
            commands.append(Step(number, text))
    return commands


def _inline(prose):
    """The whole commands in running text, also those that go on in the next line."""
    text = "\n".join(line for _, line in prose)
    for span in SPAN.finditer(text):
        command = " ".join(span[1].split())
        if PROGRAM.match(command) and _is_whole(command.split()):
            yield Step(prose[text.count("\n", 0, span.start())][0], command)


def _is_whole(words):
    if words[0].endswith("mrcnn") and words[1] != "demo":
        return len(words) > 2 and not words[2].startswith(("-", "..."))
    return True
