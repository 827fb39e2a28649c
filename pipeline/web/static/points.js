// All points at once: by WebGL where a graphics card draws it, else into the pixels of a canvas, which is then quicker.
const VERTEX = `attribute vec2 place; attribute vec4 colour; uniform vec4 frame; uniform vec2 middle; uniform float size; varying vec4 shade; varying float side;
void main() { side = size; gl_Position = vec4((place.x - middle.x) * frame.x, -(place.y - middle.y) * frame.y + frame.z, 0.0, 1.0); gl_PointSize = size; shade = colour; }`;
const FRAGMENT = `precision mediump float; varying vec4 shade; varying float side;
void main() { float away = length(gl_PointCoord - 0.5) * side; float inside = clamp(side * 0.5 - away, 0.0, 1.0); gl_FragColor = vec4(shade.rgb, 1.0) * shade.a * inside; }`;

let quick = null;
function isQuick() { // whether a graphics card draws, and not the processor in its place
  if (quick === null) {
    const gl = document.createElement("canvas").getContext("webgl"), named = gl?.getExtension("WEBGL_debug_renderer_info");
    const renderer = gl ? String(gl.getParameter(named ? named.UNMASKED_RENDERER_WEBGL : gl.RENDERER)) : "software";
    quick = !/swiftshader|llvmpipe|software|basic render/i.test(renderer);
    gl?.getExtension("WEBGL_lose_context")?.loseContext();
  }
  return quick;
}

export class Points {
  constructor(canvas, data) {
    this.data = data;
    this.canvas = canvas;
    this.shades = new Uint8Array(4 * data.count);
    this.gl = isQuick() ? canvas.getContext("webgl", { alpha: true, antialias: false, premultipliedAlpha: true }) : null;
    if (this.gl) this.prepare(); else this.context = canvas.getContext("2d");
  }

  prepare() {
    const { gl, data } = this, program = gl.createProgram();
    for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    gl.useProgram(program);
    const places = new Float32Array(2 * data.count);
    for (let row = 0; row < data.count; row++) { places[2 * row] = data.x[row]; places[2 * row + 1] = data.y[row]; }
    const bind = (name, values, size, kind, normal) => {
      const buffer = gl.createBuffer(), at = gl.getAttribLocation(program, name);
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.bufferData(gl.ARRAY_BUFFER, values, gl.DYNAMIC_DRAW);
      gl.enableVertexAttribArray(at);
      gl.vertexAttribPointer(at, size, kind, normal, 0, 0);
      return buffer;
    };
    bind("place", places, 2, gl.FLOAT, false);
    this.buffer = bind("colour", this.shades, 4, gl.UNSIGNED_BYTE, true);
    this.at = Object.fromEntries(["frame", "middle", "size"].map((name) => [name, gl.getUniformLocation(program, name)]));
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  colours(of) {
    for (let row = 0; row < this.data.count; row++) this.shades.set(of(row), 4 * row);
    if (!this.gl) return;
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, this.buffer);
    this.gl.bufferSubData(this.gl.ARRAY_BUFFER, 0, this.shades);
  }

  draw({ x, y, scale, width, height, ratio, radius, drop }) {
    const { gl, data } = this;
    if (gl) {
      gl.viewport(0, 0, this.canvas.width, this.canvas.height);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
      gl.uniform4f(this.at.frame, 2 * scale / width, 2 * scale / height, -2 * drop / height, 0);
      gl.uniform2f(this.at.middle, x, y);
      gl.uniform1f(this.at.size, 2 * radius * ratio + 1);
      gl.drawArrays(gl.POINTS, 0, data.count);
      return;
    }
    this.stamp(x, y, scale, Math.floor(width), Math.floor(height), radius, drop);
  }

  stamp(x, y, scale, width, height, radius, drop) { // a disc for each point, soft at its edge
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    if (!this.image || this.image.width !== width || this.image.height !== height) {
      this.image = this.context.createImageData(width, height);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    const { data, pixels, shades } = this, reach = Math.ceil(radius), disc = [];
    for (let v = -reach; v <= reach; v++) for (let u = -reach; u <= reach; u++) {
      const inside = Math.min(Math.max(radius + 0.5 - Math.hypot(u, v), 0), 1);
      if (inside > 0) disc.push(v * width + u, inside);
    }
    pixels.fill(0);
    const left = width / 2 - x * scale, top = height / 2 + drop - y * scale;
    for (let row = 0; row < data.count; row++) {
      const u = Math.round(data.x[row] * scale + left), v = Math.round(data.y[row] * scale + top);
      if (u < reach || v < reach || u >= width - reach || v >= height - reach) continue;
      const at = v * width + u, i = 4 * row, colour = shades[i] | shades[i + 1] << 8 | shades[i + 2] << 16, strong = shades[i + 3];
      for (let j = 0; j < disc.length; j += 2) {
        const place = at + disc[j], alpha = strong * disc[j + 1] & 255;
        if (alpha >= pixels[place] >>> 24) pixels[place] = (colour | alpha << 24) >>> 0;
      }
    }
    this.context.putImageData(this.image, 0, 0);
  }

  end() { this.gl?.getExtension("WEBGL_lose_context")?.loseContext(); }
}
