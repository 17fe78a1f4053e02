"""The Bot API: one module per kind of method; calls enter through `dispatch`."""
