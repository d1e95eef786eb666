"""How people of these tests use a page: by keyboard alone, or with a pointer, where scripts may not run.

Both find things as a reader does, by their words; each does with them what its hands can do.
"""

from pathlib import Path

from playwright.sync_api import Locator, Page

from tests.browser.conftest import NewVisitor, Visitor

MOST_STEPS = 400
# 0 where the element has the focus (of radio buttons, one of its group), else 1 if it lies ahead and -1 if behind.
WHERE = """element => {
  const at = document.activeElement;
  if (at === element || (element.type === "radio" && at.type === "radio" && at.name === element.name)) return 0;
  return at.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_PRECEDING ? -1 : 1;
}"""
STEPS_TO = """element => {
  const group = [...document.getElementsByName(element.name)];
  return group.indexOf(element) - group.indexOf(document.activeElement);
}"""


class Hands:
    """Somebody at a browser who reads, and acts on what they read."""

    has_scripts = True

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor

    @property
    def page(self) -> Page:
        return self.visitor.page

    @property
    def main(self) -> Locator:
        return self.page.get_by_role("main")

    def open(self, path: str) -> Page:
        """Type an address, or follow the link of a mail."""
        return self.visitor.open(path)

    def look(self) -> None:
        """Look at the page: all that axe sees where scripts run, and that nothing scrolls sideways."""
        if self.has_scripts:
            self.visitor.look()
        else:
            assert self.visitor.excess_width() == 0, self.page.url

    def follow(self, words: str, *, exact: bool = True) -> Page:
        """Follow the first link of these words in the page's main part."""
        return self.go(self.main.get_by_role("link", name=words, exact=exact).first)

    def press(self, words: str, *, exact: bool = True) -> Page:
        """Press the first button of these words in the page's main part, which leads to another page."""
        return self.go(self.main.get_by_role("button", name=words, exact=exact).first)

    def go(self, target: Locator) -> Page:
        """Use a link or a button, and wait for the page that comes of it."""
        with self.page.expect_navigation():
            self.activate(target)
        return self.page

    def write(self, label: str, text: str) -> None:
        """Write into the box of this label."""
        self.enter(self.main.get_by_label(label, exact=True).first, text)

    def choose(self, label: str) -> None:
        """Choose a radio button, or tick a box."""
        self.tick(self.main.get_by_label(label, exact=True).first)

    def unfold(self, words: str) -> None:
        """Open what stands folded under these words."""
        self.activate(self.main.locator("summary", has_text=words).first)

    def activate(self, target: Locator) -> None:
        raise NotImplementedError

    def enter(self, control: Locator, text: str) -> None:
        """Put text in place of what stands in a box; days are written as 2027-09-01, months as 2018-07."""
        raise NotImplementedError

    def tick(self, control: Locator) -> None:
        raise NotImplementedError

    def untick(self, control: Locator) -> None:
        raise NotImplementedError

    def pick(self, control: Locator, place: int) -> None:
        """Choose the option of a list that stands at this place, counted from 0."""
        raise NotImplementedError

    def attach(self, control: Locator, path: Path) -> None:
        raise NotImplementedError


class Pointer(Hands):
    """Clicks, types, and cannot tell whether scripts run."""

    def __init__(self, visitor: Visitor, *, has_scripts: bool = True) -> None:
        super().__init__(visitor)
        self.has_scripts = has_scripts

    def activate(self, target: Locator) -> None:
        target.click()

    def enter(self, control: Locator, text: str) -> None:
        control.fill(text)

    def tick(self, control: Locator) -> None:
        control.check()

    def untick(self, control: Locator) -> None:
        control.uncheck()

    def pick(self, control: Locator, place: int) -> None:
        control.select_option(index=place)

    def attach(self, control: Locator, path: Path) -> None:
        control.set_input_files(path)


class Keyboard(Hands):
    """Has no pointer: Tab, arrows, Space, Enter and letters."""

    def activate(self, target: Locator) -> None:
        self._reach(target)
        self.page.keyboard.press("Enter")

    def enter(self, control: Locator, text: str) -> None:
        self._reach(control)
        keys = self.page.keyboard
        kind = control.get_attribute("type")
        if kind in {"date", "month"}:
            keys.press("ArrowLeft")  # Shift+Tab comes in at the last part
            keys.press("ArrowLeft")
            year, month, *day = text.split("-")
            keys.type(month if day else month.lstrip("0"))
            if not day:
                keys.press("ArrowRight")
            keys.type("".join(day) + year)
        else:
            keys.press("Control+A")
            keys.type(text)
        assert control.input_value() == text

    def tick(self, control: Locator) -> None:
        self._reach(control)
        steps = control.evaluate(STEPS_TO) if control.get_attribute("type") == "radio" else 0
        if not steps and not control.is_checked():
            self.page.keyboard.press("Space")
        for _ in range(abs(steps)):
            self.page.keyboard.press("ArrowDown" if steps > 0 else "ArrowUp")
        assert control.is_checked()

    def untick(self, control: Locator) -> None:
        self._reach(control)
        self.page.keyboard.press("Space")
        assert not control.is_checked()

    def pick(self, control: Locator, place: int) -> None:
        self._reach(control)
        self.page.keyboard.press("Home")
        for _ in range(place):
            self.page.keyboard.press("ArrowDown")
        assert control.evaluate("list => list.selectedIndex") == place

    def attach(self, control: Locator, path: Path) -> None:
        self._reach(control)
        with self.page.expect_file_chooser() as chooser:
            self.page.keyboard.press("Space")
        chooser.value.set_files(path)

    def _reach(self, target: Locator) -> None:
        """Tab to an element, the short way, and see that it shows where the focus is."""
        for _ in range(MOST_STEPS):
            where = target.evaluate(WHERE)
            if where == 0:
                assert self.page.locator(":focus-visible").count() == 1, target
                return
            self.page.keyboard.press("Tab" if where > 0 else "Shift+Tab")
        raise AssertionError(f"no key leads to {target} at {self.page.url}")


WAYS = ("by keyboard", "without scripts")


class Way:
    """How everybody of a journey uses the portal, and what tells their addresses from those of the other way."""

    def __init__(self, name: str, new_visitor: NewVisitor) -> None:
        self.by_keyboard = name == WAYS[0]
        self.new_visitor = new_visitor

    def person(self) -> Hands:
        if self.by_keyboard:
            return Keyboard(self.new_visitor())
        return Pointer(self.new_visitor(java_script_enabled=False), has_scripts=False)

    def address(self, name: str) -> str:
        return f"{name}.{'keys' if self.by_keyboard else 'plain'}@example.org"
