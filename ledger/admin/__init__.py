"""What admins see and decide: statistics, lanes, users, broadcasts, and the audit log."""
