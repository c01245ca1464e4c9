// Says that the event stream is broken, once it has been for a moment: a restart takes less.
import { onConnection } from "./events.js";

const PATIENCE = 2500; // milliseconds

class ConnectionNote extends HTMLElement {
  connectedCallback() {
    let timer = 0;
    onConnection((state) => {
      if (state === "lost") {
        timer ||= setTimeout(() => { this.hidden = false; }, PATIENCE);
      } else {
        clearTimeout(timer);
        timer = 0;
        this.hidden = true;
      }
    });
  }
}
customElements.define("connection-note", ConnectionNote);
