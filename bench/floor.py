"""The floor: bare Flask, one Jinja page of a chosen size out of memory, on the same server as the portal."""

from flask import Flask

ROW = """<li class="opp"><div class="time"><b>{{ row.time }}</b>{{ row.length }}</div>
<div><h3><a href="/o/{{ row.slug }}">{{ row.title }}</a></h3><p>{{ row.summary }}</p></div>
<div class="when"><span class="status">{{ row.when }}</span></div></li>
"""
PAGE = (
    "<!doctype html><html lang=en><head><title>Floor</title></head><body><main><h1>Floor</h1><ol>"
    "{% for row in rows %}" + ROW + "{% endfor %}</ol></main></body></html>"
)
LISTING = {
    "time": "One half-day a week",
    "length": "for three months",
    "slug": "scholars",
    "title": "A scholars program of the division",
    "summary": "Three months of protected half-days for a project that you choose yourself, inside the division.",
    "when": "Closes Dec 7",
}
ROW_BYTES = 338

app = Flask(__name__)
template = app.jinja_env.from_string(PAGE)  # compiled once, as templates in files are


@app.get("/floor/<int:size>")
def floor(size: int) -> str:
    """A page of about `size` bytes."""
    return template.render(rows=[LISTING] * max(1, size // ROW_BYTES))
