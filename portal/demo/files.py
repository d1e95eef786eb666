"""Files of the demo that open: short CVs of fictional people and letters about them, set by typst."""

import json
from io import BytesIO

import typst

from portal.accounts.models import Person

CV = """
#set document(title: "Curriculum vitae (sample)")
#set page(paper: "us-letter", margin: 2.2cm)
#set text(size: 10.5pt)
#let facts = json(bytes(sys.inputs.facts))
= #facts.name
Fictional person made up for the demo of this portal. #facts.email

== Position
#facts.role

== Training
- Medical or nursing school (fictional), 2012
- Residency or certificate (fictional), 2015

== Teaching and projects
#for line in facts.projects [- #line
]
#pagebreak()
== Publications
#for n in range(1, 7) [+ Sample reference number #n, 20#(14 + n).
]
"""


def curriculum_vitae(person: Person, *, role: str, projects: list[str]) -> BytesIO:
    """A CV of two pages as PDF."""
    facts = {"name": person.full_name, "email": str(person.email), "role": role, "projects": projects}
    pdf = typst.compile(CV.encode(), sys_inputs={"facts": json.dumps(facts)}, format="pdf")
    return BytesIO(pdf)


LETTER = """
#set document(title: "Letter of recommendation (sample)")
#set page(paper: "us-letter", margin: 2.8cm)
#set text(size: 11pt)
#let facts = json(bytes(sys.inputs.facts))
#for line in facts.body.split("\\n\\n") [#line

]
"""


def letter(body: str) -> BytesIO:
    """A letter of one page as PDF.  In: its paragraphs, with empty lines between them."""
    pdf = typst.compile(LETTER.encode(), sys_inputs={"facts": json.dumps({"body": body})}, format="pdf")
    return BytesIO(pdf)
