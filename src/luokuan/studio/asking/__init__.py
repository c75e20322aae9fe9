"""Forms from briefs: ``fields`` reads a brief's JSON schema, ``words`` names its fields for people, ``reading`` turns
what was typed into a brief, and ``again`` finds the brief of a work that is there."""
