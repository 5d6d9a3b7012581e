// The counter on the first page: a request when somebody cheers, and a topic that tells everybody.

import { connect } from "/aiorest-gw.js";

const [count, button, state] = ["cheers", "cheer", "state"].map((id) => document.getElementById(id));
const gw = await connect(location.origin.replace("http", "ws"));

gw.on("~/state", ({ state: now }) => { state.textContent = now === "open" ? "Live" : "Coming back …"; });
const cheers = await gw.subscribe("cheers", ({ offset }) => { count.value = offset; });
count.value = cheers.offset;
state.textContent = "Live";
button.disabled = false;
button.addEventListener("click", () => gw.post("/cheers", location.pathname));
