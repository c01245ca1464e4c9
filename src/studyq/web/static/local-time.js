// <local-time datetime>: an instant in the reader's time zone, which the server does not know.
// data-form="minute" leaves out the seconds; with data-title it is only said on hovering.

class LocalTime extends HTMLElement {
  connectedCallback() {
    const at = new Date(this.getAttribute("datetime"));
    if (Number.isNaN(at.valueOf())) return;
    this.title = at.toLocaleString();
    if (this.hasAttribute("data-title")) return;
    const form = { hour: "2-digit", minute: "2-digit" };
    if (this.dataset.form !== "minute") form.second = "2-digit";
    this.textContent = at.toLocaleTimeString([], form);
  }
}
customElements.define("local-time", LocalTime);
