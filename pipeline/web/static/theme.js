"use strict";
// Before anything is drawn: light, dark, or as the system has it. The report keeps it under the same name.
try { document.documentElement.dataset.theme = localStorage.getItem("theme") || "auto"; } catch { /* no storage */ }
document.documentElement.classList.add("scripted");
