// @ts-check
// The note page: puts the parts together. The text that Django rendered is shown until the first sync; after that the
// page works with or without a server.

import { mountEditor, openDocument, showPeople, showSaved, showUndo } from "channels-yjs"
import { loadIdentity } from "./identity.js"
import { showMyName } from "./people.js"

/**
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 */
const get = (id) => /** @type {T} */ (document.getElementById(id))

const note = openDocument(get("note").dataset.socket ?? "", ["title", "body"])

note.provider.on("sync", (isSynced) => show(isSynced ? "Live" : "Offline"))
note.provider.on("connection-close", () => show("Offline"))
showSaved(note, get("changes"))
showMyName(note, loadIdentity(), get("my-name"))
showPeople(note, get("people"))
showUndo(note, get("undo"), get("redo"))
const words = document.title
note.awareness.on("change", () => {
  document.title = `(${note.awareness.getStates().size}) ${words}`
})

await note.synced
get("controls").hidden = get("here").hidden = false
mountEditor(note, "title", get("title"), {
  label: "Title",
  hint: "Untitled",
  isOneLine: true,
  onEnter: () => text.view.focus(),
})
const text = mountEditor(note, "body", get("body"), {
  label: "Note",
  hint: "Write something. Everybody who has this note open sees it at once.",
})

/** @param {string} words */
function show(words) {
  get("connection").dataset.state = words.toLowerCase()
  get("connection").textContent = words
}
