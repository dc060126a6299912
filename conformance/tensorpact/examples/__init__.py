"""An example for every guarantee: a few lines of Python, and what they must come to.

`made` makes them out of the witnesses of the zoo, `staged` tries them, and `model` reads those
that were recorded, which the pages of guarantees print. `python -m tensorpact.examples` records
them anew.
"""
