"""Figures and exports: reads every feature, writes nothing."""
