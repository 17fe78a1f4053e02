"""The check of which sites may send requests to our pages.

It imports nothing of Darkroom, as the stand's servers use it too.
"""
