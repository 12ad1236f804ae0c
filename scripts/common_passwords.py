"""Makes accounts/common_passwords.txt from a list of passwords, one a line, the most common first:

.venv/bin/python -m scripts.common_passwords LIST

The list in use is the first million of the ten million passwords that leaked and were published by
Mark Burnett, as kept by OWASP SecLists (10_million_password_list_top_1M.txt). Only those that fit
the rule on length are kept, and of each a digest, so no one has to read them here.
"""

from __future__ import annotations

import sys
from pathlib import Path

from accounts.passwords import LISTED, LONGEST, SHORTEST, list_entry


def main() -> None:
    words = Path(sys.argv[1]).read_text(encoding="utf-8", errors="ignore").splitlines()
    fitting = {
        word.strip().casefold() for word in words if SHORTEST <= len(word.strip()) <= LONGEST
    }
    entries = sorted({list_entry(word) for word in fitting})
    LISTED.write_bytes(b"".join(entry + b"\n" for entry in entries))
    print(f"{len(entries)} passwords of {len(words)}")


if __name__ == "__main__":
    main()
