"""The figures that can be in a picture, each cut out of paper."""
