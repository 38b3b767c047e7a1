"""Where systems disagree, and what people decide about it. Pure.

Read in this order: ``fixes`` (what can be decided), ``model`` (a conflict, its sides and its suggestions), ``drift``,
``places``, ``people`` and ``brakes`` (the classes of conflicts, each made with its fixes), ``comparing`` and ``fields``
(what sources say differently of one person), ``ruled`` (what decisions mean for whoever plans), ``cards`` and ``words``
(what reviewers are shown), ``wording`` (what operators read).
"""
