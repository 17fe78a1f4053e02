"""Which sites may ask a page of ours. Imports nothing of Darkroom: the stand's servers ask too."""
