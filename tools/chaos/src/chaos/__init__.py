"""The whole system under random trouble, and whether everything is right when the dust has settled."""
