"""A job on its way from a lane to a stored file: the paid call, the polls, the output."""
