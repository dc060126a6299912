"""Findings as scripts of plain Python that were seen to fail: one module a step.

`typed` spells a case as code that runs, `demands` adds what is asserted, `clean` runs scripts
where nothing of ours can be imported, and `made` chooses the first that fails as it should.
"""
