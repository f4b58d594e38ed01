// @ts-check
// The note page: puts the parts together. The text that Django rendered is shown until the first sync; after that the
// page works with or without a server.

import { mountEditor, openDocument } from "channels-yjs"

/**
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 */
const get = (id) => /** @type {T} */ (document.getElementById(id))

const note = openDocument(get("note").dataset.socket ?? "", ["title", "body"])

await note.synced
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
