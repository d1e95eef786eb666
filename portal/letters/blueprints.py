"""The pages of letters: of applicants, of writers, of the staff, and in the editor of a listing."""

from portal.letters import plan_views, shortlist_views, staff_views, views, writer_views

letter_blueprints = (views.bp, writer_views.bp, staff_views.bp, shortlist_views.bp, plan_views.bp)
