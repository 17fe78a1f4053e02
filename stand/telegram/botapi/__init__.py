"""The Bot API side: one module per kind of method; `dispatch` is the way in."""
