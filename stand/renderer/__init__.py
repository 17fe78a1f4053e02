"""A procedural renderer: images and clips from the words of a prompt, without weights and without AI."""

from stand.renderer.clips import render_video
from stand.renderer.stills import NOTE, Rendered, image_format, render_image

__all__ = ["NOTE", "Rendered", "image_format", "render_image", "render_video"]
