"""Small oracles: what the published conventions answer for thin networks with weights made from names (see make.py)."""
