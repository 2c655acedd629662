"""Small images of every kind with the pixels that Pillow gives, as an oracle for src/data/decode-worker.mjs.

    VENV/bin/pip install pillow==13.0.0 numpy
    VENV/bin/python test/golden/image_decode.py > test/golden/image_decode.json

Each image is drawn here, so nothing of others is stored. `pixels`: Image.convert("RGB"), shorter side resized with
BILINEAR (antialiased) to `size`, the middle cut out: what torchvision's folder loader, Resize and CenterCrop give.
"""

import base64
import io
import json

import numpy as np
from PIL import Image

y, x = np.mgrid[0:48, 0:64]
smooth = np.stack([128 + 100 * np.sin(x / 9 + y / 17), 128 + 90 * np.cos(y / 11), 2 * x + 2 * y], -1).clip(0, 255)
rgb = Image.fromarray(smooth.astype(np.uint8))
grey = Image.fromarray(smooth[..., 0].astype(np.uint8))
deep = Image.fromarray((smooth[..., 1] * 257).astype(np.uint16))
alpha = Image.fromarray(np.dstack([smooth, 255 - 3 * x]).astype(np.uint8), "RGBA")


def encoded(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def case(data, size, traits):
    image = Image.open(io.BytesIO(data))
    if image.mode == "I;16":  # Pillow clips 16 bits when it converts; 8 bits are the upper byte.
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    image = image.convert("RGB")
    short = min(image.size)
    if (image.width, image.height) != (size, size):
        scaled = [round(side * size / short) for side in image.size]
        image = image.resize(scaled, Image.BILINEAR)
        left, top = (image.width - size) // 2, (image.height - size) // 2
        image = image.crop((left, top, left + size, top + size))
    pixels = np.asarray(image)
    return {
        "file": base64.b64encode(data).decode(),
        "size": size,
        "traits": traits,
        "pixels": base64.b64encode(pixels.tobytes()).decode(),
    }


cases = {
    "rgb.jpg": case(encoded(rgb, "JPEG", quality=90), 24, []),
    "subsampled.jpg": case(encoded(rgb.crop((0, 0, 32, 32)), "JPEG", quality=75, subsampling=2), 32, []),
    "rgb.png": case(encoded(rgb.crop((0, 0, 32, 32)), "PNG"), 32, []),
    "larger.png": case(encoded(rgb.crop((0, 0, 20, 20)), "PNG"), 32, []),
    "palette.png": case(encoded(rgb.quantize(16), "PNG"), 24, []),
    "grey.jpg": case(encoded(grey, "JPEG", quality=95), 24, ["grey"]),
    "grey.png": case(encoded(grey, "PNG"), 48, ["grey"]),
    "deep.png": case(encoded(deep, "PNG"), 48, ["grey", "deep"]),
    "alpha.png": case(encoded(alpha, "PNG"), 48, ["alpha"]),
}
# Pillow's own conversion of CMYK ignores what inks look like, so only the file is stored.
cmyk = {"file": base64.b64encode(encoded(rgb.convert("CMYK"), "JPEG", quality=95)).decode()}
moving = {
    "moving.png": encoded(rgb, "PNG", save_all=True, append_images=[rgb.rotate(90)]),
    "moving.gif": encoded(rgb, "GIF", save_all=True, append_images=[rgb.rotate(90)]),
}
moving = {name: base64.b64encode(data).decode() for name, data in moving.items()}
print(json.dumps({"pillow": Image.__version__, "cases": cases, "cmyk": cmyk, "moving": moving}, indent=1))
