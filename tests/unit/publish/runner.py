"""The Actions runner's side: how it reads file commands, step summaries and lines of the log (actions/runner)."""

from __future__ import annotations

from dataclasses import dataclass, field

COMMANDS = {
    *("error", "warning", "notice", "debug", "group", "endgroup", "echo", "stop-commands", "internal-set-repo-path"),
    *("add-mask", "add-matcher", "remove-matcher", "set-output", "save-state", "set-env", "add-path"),
}


class FormatError(Exception):
    """The runner fails the step."""


class _Lines:
    """`ReadLine` of `FileCommandManager.cs` on Linux: only a line feed ends a line."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.index = 0

    def read(self) -> tuple[str | None, str | None]:
        if self.index >= len(self.text):
            return None, None
        start, end = self.index, self.text.find("\n", self.index)
        if end < 0:
            self.index = len(self.text)
            return self.text[start:], None
        self.index = end + 1
        return self.text[start:end], "\n"


def read_pairs(data: bytes) -> list[tuple[str, str]]:
    """`EnvFileKeyValuePairs` of `FileCommandManager.cs`."""
    lines = _Lines(data.decode("utf-8-sig"))
    pairs = []
    line, _ = lines.read()
    while line is not None:
        if line:
            pairs.append(_pair(line, lines))
        line, _ = lines.read()
    return pairs


def _pair(line: str, lines: _Lines) -> tuple[str, str]:
    equals, heredoc = line.find("="), line.find("<<")
    if equals >= 0 and (heredoc < 0 or equals < heredoc):
        name, _, value = line.partition("=")
        return name, value
    if heredoc < 0:
        raise FormatError(f"Invalid format '{line}'")
    name, _, delimiter = line.partition("<<")
    if not name or not delimiter:
        raise FormatError(f"Invalid format '{line}'. Name must not be empty and delimiter must not be empty")
    start = end = lines.index
    read, newline = lines.read()
    while read != delimiter:
        if read is None:
            raise FormatError(f"Invalid value. Matching delimiter not found '{delimiter}'")
        if newline is None:
            raise FormatError("Invalid value. EOF marker missing new line.")
        end = lines.index - len(newline)
        read, newline = lines.read()
    return name, lines.text[start:end] if end > start else ""


@dataclass
class Command:
    """A workflow command as the runner understood it."""

    name: str
    data: str
    properties: dict[str, str] = field(default_factory=dict)


def commands(log: str) -> list[Command]:
    """The commands that the runner finds in `log`, which it reads line by line (`ActionCommandManager.cs`)."""
    found = (_new_form(line) or _old_form(line) for line in log.replace("\r", "\n").split("\n"))
    return [command for command in found if command is not None]


def _new_form(line: str) -> Command | None:
    """`TryParseV2` of `ActionCommand.cs`."""
    line = line.lstrip()
    if not line.startswith("::"):
        return None
    end = line.find("::", 2)
    if end < 0:
        return None
    name, space, rest = line[2:end].partition(" ")
    if name.lower() not in COMMANDS:
        return None
    pairs = (each.split("=", 1) for each in rest.strip().split(",") if "=" in each) if space else ()
    properties = {name: _unescaped(value, property_value=True) for name, value in pairs if name and value}
    return Command(name, _unescaped(line[end + 2 :]), properties)


def _old_form(line: str) -> Command | None:
    """`TryParse` of `ActionCommand.cs`: `##[` anywhere in the line."""
    start = line.find("##[")
    end = line.find("]", start)
    if start < 0 or end < 0:
        return None
    name = line[start + 3 : end].partition(" ")[0]
    return Command(name, line[end + 1 :]) if name.lower() in COMMANDS else None


def _unescaped(text: str, *, property_value: bool = False) -> str:
    pairs = [("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")]
    for written, meant in pairs if property_value else [pairs[0], pairs[1], pairs[4]]:
        text = text.replace(written, meant)
    return text
