// Which points become thumbnails, at each level of zoom, so that none lies on another; and their pictures as they come.
import { thumbnail } from "./api.js";

const LEAST = 46, MOST = 92, AT_ONCE = 10, KEPT = 1500;

export class Thumbnails {
  constructor(data, later) {
    this.data = data;
    this.later = later;
    this.levels = new Map();
    this.images = new Map(); // row -> image, or null while it comes
    this.coming = 0;
    this.drawn = [];
    this.allowed = null;
  }

  only(rows) { this.allowed = rows; this.levels.clear(); }

  level(scale) { // those that don't overlap from this scale on, found once for each level
    const step = Math.floor(2 * Math.log2(scale));
    if (!this.levels.has(step)) {
      const apart = (LEAST + 4) / 2 ** (step / 2), taken = new Map(), rows = [], { x, y, count } = this.data;
      for (let row = 0; row < count; row++) {
        if (this.allowed && !this.allowed.has(row)) continue;
        const i = Math.floor(x[row] / apart), j = Math.floor(y[row] / apart);
        let free = true;
        for (let a = i - 1; a <= i + 1 && free; a++) for (let b = j - 1; b <= j + 1; b++) {
          const other = taken.get(a * 100003 + b);
          if (other !== undefined && Math.abs(x[other] - x[row]) < apart && Math.abs(y[other] - y[row]) < apart) { free = false; break; }
        }
        if (free) { taken.set(i * 100003 + j, row); rows.push(row); }
      }
      this.levels.set(step, Int32Array.from(rows));
    }
    return [this.levels.get(step), Math.min(LEAST * scale / 2 ** (step / 2), MOST)];
  }

  draw(context, map, colourOf) {
    const [rows, size] = this.level(map.scale), { width, height } = map, wanted = [];
    this.drawn.length = 0;
    context.imageSmoothingQuality = "medium";
    for (const row of rows) {
      const [x, y] = map.at(row);
      if (x < -size || y < -size || x > width + size || y > height + size) continue;
      const image = this.images.get(row);
      if (image) {
        const aspect = Math.min(Math.max(this.data.aspects[row], 0.4), 2.5), w = aspect > 1 ? size : size * aspect, hh = aspect > 1 ? size / aspect : size;
        context.fillStyle = colourOf(row);
        context.fillRect(x - w / 2 - 2, y - hh / 2 - 2, w + 4, hh + 4);
        context.drawImage(image, x - w / 2, y - hh / 2, w, hh);
        this.drawn.push([row, x, y, w / 2, hh / 2]);
      } else if (image === undefined) wanted.push(row);
    }
    for (const row of wanted) {
      if (this.coming >= AT_ONCE) break;
      this.load(row);
    }
  }

  load(row) {
    const image = new Image();
    this.images.set(row, null);
    this.coming++;
    image.src = thumbnail({ row, tag: this.data.tags[row] }, 96);
    image.decode().then(() => this.images.set(row, image), () => {}).finally(() => {
      this.coming--;
      for (const old of this.images.keys()) { if (this.images.size <= KEPT) break; this.images.delete(old); }
      this.later();
    });
  }

  under(x, y) {
    const found = this.drawn.findLast(([, u, v, w, hh]) => Math.abs(u - x) <= w && Math.abs(v - y) <= hh);
    return found ? found[0] : -1;
  }
}
