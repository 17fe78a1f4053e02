"""Generation of images and videos: the steps of a job from its lane to a stored file."""
