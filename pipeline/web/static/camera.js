// A picture from the camera: a telephone opens its own; elsewhere a small window shows what it sees.
import { h, note } from "./dom.js";

export async function takePhoto(use) {
  const byFile = () => {
    const input = h("input", { type: "file", accept: "image/*", onchange: () => input.files[0] && use(input.files[0]) });
    input.setAttribute("capture", "environment");
    input.click();
  };
  if (matchMedia("(pointer: coarse)").matches || !navigator.mediaDevices?.getUserMedia) return byFile();
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 } } });
  } catch {
    return note("There is no camera, or this page may not use it; choose a picture instead.", { warned: true });
  }
  const video = h("video", { autoplay: true, playsInline: true, muted: true });
  video.srcObject = stream;
  const shut = () => { stream.getTracks().forEach((track) => track.stop()); dialog.remove(); };
  const shoot = () => {
    const canvas = h("canvas", { width: video.videoWidth, height: video.videoHeight });
    canvas.getContext("2d").drawImage(video, 0, 0);
    canvas.toBlob((blob) => { dialog.close(); if (blob) use(new File([blob], "camera.jpg", { type: "image/jpeg" })); }, "image/jpeg", 0.92);
  };
  const dialog = h("dialog", { className: "camera", onclose: shut }, video, h("p", { className: "buttons" },
    h("button", { type: "button", className: "main", onclick: shoot }, "Search with this"), h("button", { type: "button", className: "quiet", onclick: () => dialog.close() }, "Cancel")));
  document.body.append(dialog);
  dialog.showModal();
}
