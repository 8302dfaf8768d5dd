"""Small oracles: outputs of thin networks by the published conventions, with weights made from names (see make.py)."""
