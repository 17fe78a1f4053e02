"""The processes of Darkroom: their heartbeats, their background work, and their metrics."""
