"""`python -m stand.renderer "a red fox in the snow" --out fox.png` (or .jpg, .webp, .mp4)."""

import argparse
import sys
from pathlib import Path

from stand.renderer import image_format, render_image, render_video


def main(argv: list[str] | None = None) -> int:
    """Draw what the arguments ask for; return 1, with the reason printed, if that is impossible."""
    parser = argparse.ArgumentParser("python -m stand.renderer", description=__doc__)
    parser.add_argument("prompt")
    parser.add_argument("--out", type=Path, required=True, help="a .png, .jpg, .webp or .mp4 file")
    parser.add_argument("--ar", default=None, help="aspect ratio, such as 16:9")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no", default="", help="what to leave out")
    parser.add_argument(
        "--size", type=int, default=None, help="side of a square with the same area, in pixels"
    )
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--image", type=Path, help="a picture to set in motion (for .mp4)")
    args = parser.parse_args(argv)
    extension = args.out.suffix.removeprefix(".")
    try:
        if extension == "mp4":
            image = args.image.read_bytes() if args.image else None
            render_video(
                args.prompt,
                path=args.out,
                aspect_ratio=args.ar or "16:9",
                seed=args.seed,
                seconds=args.seconds,
                image=image,
                size=args.size or 512,
            )
        else:
            picture = render_image(
                args.prompt,
                aspect_ratio=args.ar or "1:1",
                seed=args.seed,
                negative_prompt=args.no,
                size=args.size or 768,
                format=image_format(extension),
            )
            args.out.write_bytes(picture.data)
    except (ValueError, OSError) as error:
        print(f"cannot draw: {error}", file=sys.stderr)
        return 1
    print(f"{args.out} ({args.out.stat().st_size // 1024} KB)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
