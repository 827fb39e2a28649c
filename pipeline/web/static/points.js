// All points at once, by WebGL; where there is none, by a canvas.
const VERTEX = `attribute vec2 place; attribute vec4 colour; uniform vec4 frame; uniform vec2 middle; uniform float size; varying vec4 shade; varying float side;
void main() { side = size; gl_Position = vec4((place.x - middle.x) * frame.x, -(place.y - middle.y) * frame.y + frame.z, 0.0, 1.0); gl_PointSize = size; shade = colour; }`;
const FRAGMENT = `precision mediump float; varying vec4 shade; varying float side;
void main() { float away = length(gl_PointCoord - 0.5) * side; float inside = clamp(side * 0.5 - away, 0.0, 1.0); gl_FragColor = vec4(shade.rgb, 1.0) * shade.a * inside; }`;

export class Points {
  constructor(canvas, data) {
    this.data = data;
    this.canvas = canvas;
    this.shades = new Uint8Array(4 * data.count);
    this.gl = new URLSearchParams(location.search).has("plain") ? null : canvas.getContext("webgl", { alpha: true, antialias: false, premultipliedAlpha: true });
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
    const { context } = this, side = 2 * radius;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    for (let row = 0; row < data.count; row++) {
      const u = (data.x[row] - x) * scale + width / 2, v = (data.y[row] - y) * scale + height / 2 + drop;
      if (u < 0 || v < 0 || u > width || v > height) continue;
      const [r, g, b, a] = this.shades.subarray(4 * row, 4 * row + 4);
      context.fillStyle = `rgb(${r} ${g} ${b} / ${a / 255})`;
      context.fillRect(u - radius, v - radius, side, side);
    }
  }

  end() { this.gl?.getExtension("WEBGL_lose_context")?.loseContext(); }
}
