"""What is on offer: units, sites, pages, opportunities, their cycles, the forms and rubrics of these."""
