"""What can stand in a picture, each cut out of paper."""
