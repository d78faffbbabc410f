"""The nouns: frozen data without I/O, clock or chance.  See `docs/glossary.md`."""
