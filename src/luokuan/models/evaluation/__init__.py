"""Measuring picture models: a named feature network, distances, coverage, memorisation."""
