"""What GitHub takes at most, in bytes of UTF-8, and texts that are cut to it."""

from __future__ import annotations

MAX_CHECK_TEXT = 65_535  # the summary and the text of a check run; GitHub counts characters, which are never more
MAX_ANNOTATION_TEXT = 60_000  # 64 KB
MAX_ANNOTATIONS = 50  # one request
MAX_TITLE = 255  # characters
MAX_REVIEW_TEXT = 60_000  # 65,536 characters, less the marker
MAX_STEP_SUMMARY = 1024 * 1024  # the file as a whole (actions/runner, `FileCommandManager.cs`)
CUT = "Shortened to fit: the end is missing. The whole report is in report.json."


def cut(text: str, limit: int, note: str = CUT) -> str:
    """`text` in at most `limit` bytes; when its end is missing, `note` stands before it, where no fence hides it.

    Half a surrogate pair, which UTF-8 cannot carry, becomes `?`. Nothing is left when `limit` has no room for the note.
    """
    octets = text.encode("utf-8", "replace")
    if len(octets) <= limit:
        return octets.decode()
    said = f"*{note}*\n\n"
    room = limit - len(said.encode())
    return said + octets[:room].decode("utf-8", "ignore") if room >= 0 else ""
