// Every custom element of the application. A page uses those that its markup names.
import "./connection-note.js";
import "./coverage-strip.js";
import "./document-page.js";
import "./job-detail.js";
import "./job-progress.js";
import "./jobs-page.js";
import "./library-list.js";
import "./live-status.js";
import "./local-time.js";
import "./page-viewer.js";
import "./rail-more.js";
import "./review-desk.js";
import "./search-box.js";
import "./tab-panels.js";
import "./theme-toggle.js";
import "./upload-dock.js";
import "./upload-zone.js";
