"""Guardrails as data: documents, their meaning, where they come from and where they go.

Nothing heavy is loaded here: a gate in a pull request imports this package and has 400 ms for
everything. The parts, each a module of its own:

``document``   the published shape of a guardrail, strict reading and byte-stable writing
``facts``      what can be known of a change
``matcher``    the three-valued evaluator; unknown is never a pass
``catalogue``  the twelve families of guardrails, as data
``suggest``    from recurring causes to parameterised rules
``backtest``   what a rule would have flagged in the past, and which gates stay shut
``exporters``  the same rule in the languages of other engines, with what was lost on the way
"""
