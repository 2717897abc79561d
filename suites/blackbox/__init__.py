"""What the tests stand on: a deployment, its clients, its journal, and requests made by hand.

Nothing here knows how the program works inside. It is started, spoken to over its network address,
and read where an operator would read: the files that its documentation names.
"""
