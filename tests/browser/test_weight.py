"""What a first visit to the finder costs over the wire, as Chromium counts it."""

from collections import Counter
from typing import Any

from tests.browser.conftest import NewVisitor

MOST_BYTES = 260 * 1024
MOST_SCRIPT_BYTES = 15 * 1024


def test_a_first_visit_is_light(new_visitor: NewVisitor) -> None:
    page = new_visitor().page
    kinds: dict[str, str] = {}
    bytes_by_kind: Counter[str] = Counter()
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")

    def received(event: dict[str, Any]) -> None:
        kinds[event["requestId"]] = event["type"]

    def finished(event: dict[str, Any]) -> None:
        bytes_by_kind[kinds[event["requestId"]]] += int(event["encodedDataLength"])

    devtools.on("Network.responseReceived", received)
    devtools.on("Network.loadingFinished", finished)
    page.goto("/", wait_until="networkidle")

    assert {"Document", "Stylesheet", "Script", "Font"} <= set(bytes_by_kind)
    assert bytes_by_kind["Script"] <= MOST_SCRIPT_BYTES
    assert sum(bytes_by_kind.values()) <= MOST_BYTES, bytes_by_kind
