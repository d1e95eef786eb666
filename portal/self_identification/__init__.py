"""Voluntary self-identification: asked once after submission, kept apart from the application, counted and never shown.

Nothing above or below this package reads what people said: only `reports` of a closed cycle leave it, with small cells
and the cells beside them left out.
"""
