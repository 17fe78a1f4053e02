"""What admins see and decide: figures, lanes, users, broadcasts, and the log of it."""
