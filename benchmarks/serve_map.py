"""How fluently the map of `pipeline serve` moves: frames a second while it is dragged and zoomed, and their script.

    python benchmarks/serve_map.py [PROJECT] [--seconds 4]

In headless Chromium without a graphics card, where the page draws points by the processor, which is the slowest case.
`script` is what the page itself takes for a frame; 60 frames a second leave it 16.7 ms. Needs the extra
`test` and Chromium (`apt-get install chromium`).
"""

import argparse
from pathlib import Path

from machine import print_machine
from served import chromium, served

MEASURE = """async ([seconds, kind]) => {
  const canvas = document.querySelector(".map-top"), box = canvas.getBoundingClientRect();
  const middle = [box.x + box.width / 2, box.y + box.height / 2], started = performance.now(), scripts = [];
  const at = (x, y) => ({ pointerId: 1, clientX: x, clientY: y, bubbles: true, cancelable: true });
  const point = (type, x, y) => canvas.dispatchEvent(new PointerEvent(type, at(x, y)));
  canvas.setPointerCapture = () => {};
  const natural = window.requestAnimationFrame;
  window.requestAnimationFrame = (work) => natural((now) => {
    const before = performance.now();
    work(now);
    scripts.push(performance.now() - before);
  });
  if (kind === "drag") point("pointerdown", ...middle);
  let frames = 0;
  while (performance.now() - started < 1000 * seconds) {
    const turn = frames / 20;
    if (kind === "drag") point("pointermove", middle[0] + 200 * Math.sin(turn), middle[1] + 150 * Math.cos(turn));
    else canvas.dispatchEvent(new WheelEvent("wheel", { ...at(...middle), deltaY: 60 * Math.sin(turn / 3) }));
    await new Promise((done) => natural(done));
    frames++;
  }
  if (kind === "drag") point("pointercancel", ...middle);
  window.requestAnimationFrame = natural;
  scripts.sort((a, b) => a - b);
  return [frames / seconds, scripts[scripts.length >> 1], scripts[Math.floor(scripts.length * 0.99)]];
}"""


def main() -> None:
    """Print a line for each way to move."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path, nargs="?", default=Path())
    parser.add_argument("--seconds", type=int, default=4)
    options = parser.parse_args()
    print_machine()
    with served(options.project) as (port, _), chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.goto(f"http://127.0.0.1:{port}/map")
        page.wait_for_load_state("networkidle")
        for words, zooms in (("all points", 0), ("near, with thumbnails", 3)):
            page.locator(".map-top").focus()
            for _ in range(zooms):
                page.keyboard.press("+")
                page.wait_for_timeout(500)
            page.wait_for_load_state("networkidle")
            for kind in ("drag", "zoom"):
                rate, median, slow = page.evaluate(MEASURE, [options.seconds, kind])
                script = f"script {median:.1f} ms a frame, 99 % within {slow:.1f}"
                print(f"{words:22}{kind}: {rate:5.1f} frames a second; {script}")


if __name__ == "__main__":
    main()
