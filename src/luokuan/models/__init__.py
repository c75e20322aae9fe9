"""Technology layer: one package a family, evaluation, export, and the registry that loads them all."""
