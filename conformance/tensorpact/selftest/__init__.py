"""The suite judged: which of the backends whose verdict is known does it condemn, and by what?"""
